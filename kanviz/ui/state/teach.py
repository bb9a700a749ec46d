"""Hold the session's lessons of language models: the last run, its models, and the gate as it was moved since."""

from typing import TYPE_CHECKING, Any

from kanviz.errors import UserError
from kanviz.ui.state.jobs import End
from kanviz.ui.state.part import Part

if TYPE_CHECKING:
    from kanviz.language.corpus import Corpus
    from kanviz.language.model import LanguageModel
    from kanviz.language.teaching.gate import Gate
    from kanviz.language.teaching.model import TaughtModel
    from kanviz.ui.state.holder import Holder
    from kanviz.ui.state.jobs import Job
    from kanviz.ui.state.teach_run import Plan, TeachRun

GATE = "gate"


class Teaching(Part):
    """The session's lessons. run: the last one started · moved: the gate after a change by hand, if there was one."""

    page = "Language"
    running = "A language model is being taught; it is on the Language page."

    def __init__(self, holder: "Holder") -> None:
        super().__init__(holder)
        self.run: TeachRun | None = None
        self.moved: Gate | None = None
        self._models: dict[bytes, LanguageModel] = {}

    @property
    def jobs(self) -> "list[Job[Any]]":
        return [self.run.job] if self.run is not None else []

    def start(self, plan: "Plan") -> None:
        """Start a run. Raises UserError where the plan makes no sense; then nothing is lost."""
        from kanviz.ui.state.teach_run import TeachRun

        if not plan.ways:
            raise UserError("There is no way to teach. Choose at least one.")
        if plan.old.sha256 == plan.new.sha256:
            raise UserError("Both texts are the same; there is nothing new to teach. Choose another second text.")
        with self._holder.lock:
            self.stop(End.REPLACED)
            self.moved, self._models = None, {}
            self.run = TeachRun.start(plan, self._holder.owner)

    @property
    def before(self) -> "LanguageModel | None":
        """The model before the lessons; None as long as there is none."""
        return self._model(self.run.before[-1]) if self.run is not None and self.run.before else None

    def after(self, way: str) -> "LanguageModel | None":
        """The model that was taught in this way, with its gate as it is now; None as long as there is none."""
        found = self.run.after.get(way) if self.run is not None else None
        if found is None:
            return None
        model = self._model(found)
        return self.gated_with(self.moved) if way == GATE and self.moved is not None else model

    @property
    def gated(self) -> "TaughtModel | None":
        """The model that was taught behind a gate, as the lesson left it."""
        from kanviz.language.teaching.model import TaughtModel

        found = self._model(self.run.after[GATE]) if self.run is not None and GATE in self.run.after else None
        return found if isinstance(found, TaughtModel) else None

    def gated_with(self, gate: "Gate") -> "LanguageModel | None":
        """Return the model behind another gate."""
        return self.gated.with_gate(gate) if self.gated is not None else None

    def move(self, gate: "Gate", points: "list[tuple[int, float]]") -> None:
        """Move control points of the gate. Raises UserError for one that is locked or missing."""
        for point, height in points:
            gate = gate.moved(point, height)
        self.moved = gate

    def restore(self) -> None:
        """Take back what was done to the gate by hand."""
        self.moved = None

    def _model(self, data: bytes) -> "LanguageModel":
        from kanviz.io.language_file import from_bytes

        if data not in self._models:
            self._models[data] = from_bytes(data).model
        return self._models[data]


def measured(
    before: "LanguageModel", after: "LanguageModel", new: "Corpus", old: "Corpus"
) -> "tuple[float, float, float]":
    """Measure (gain, forgetting, share of identical predictions) of two models on some held-out windows."""
    from kanviz.language.teaching.measure import ON_THE_WAY, Ruler

    point = Ruler(before, new, old, ON_THE_WAY).point(0, after)
    return point.gain, point.forgetting, point.identical
