"""Name the reasons why a computation ended; the value of each name is the sentence that users read."""

from enum import StrEnum

from kanviz.errors import TrainError


class Ending(StrEnum):
    """The reason why a training, a search for a law, or the reading of a network ended; empty while it runs."""

    RUNNING = ""
    # a training
    ALL_STEPS = "all steps done"
    NO_BETTER_LOSS = "no better loss for a long time"
    NOTHING_LEFT = "nothing left to learn"
    NO_LOWER_LOSS = "no step lowers the loss any more"
    FINER_DOES_NOT_PAY = "a finer grid does not pay"
    DONE_ON_THESE_GRIDS = "no step pays any more on these grids"
    DONE_ON_THE_FINEST = "no step pays any more on the finest grid"
    # a search for a law
    EXACT_LAW = "a law was found whose only error is rounding"
    AS_GOOD_AS_SPLINES = "the best law is as exact as a spline network, and more attempts found no better one"
    ALL_TRIED = "all was tried"
    # the reading of a network
    ALL_READ = "all curves read"
    # any of them
    TIME_UP = "the time is up"
    INTERRUPTED = "stopped with Ctrl-C"

    @property
    def asks_for_finer_grids(self) -> bool:
        """Whether finer grids may lower the error."""
        return self in (Ending.DONE_ON_THESE_GRIDS, Ending.DONE_ON_THE_FINEST)

    @classmethod
    def read(cls, text: str) -> "Ending":
        """Read a saved sentence. Raises TrainError for a sentence that is none of these."""
        try:
            return cls(text)
        except ValueError:
            raise TrainError("This training was saved by another version of kanviz; start it again.") from None
