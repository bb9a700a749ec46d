"""Show what lessons came to: the plane of gain and forgetting, a table at equal gain, the verdict, and files."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from kanviz.text import escape_markdown, percent
from kanviz.ui.language.models import shipped
from kanviz.ui.state.language import SNAPSHOTS, snapshot
from kanviz.ui.state.teach import GATE, Teaching
from kanviz.ui.widgets.charts import chart
from kanviz.ui.widgets.current import session, theme
from kanviz.ui.widgets.url_state import KEEP

if TYPE_CHECKING:
    from kanviz.language.corpus import Corpus
    from kanviz.language.teaching.outcome import Outcome

SHARE = 0.8  # of the gain that every lesson reaches: where they are compared first


def report(outcomes: "Sequence[Outcome]") -> None:
    """Show verdict, plane and table of lessons; a slider chooses the gain at which they are compared."""
    from kanviz.language.teaching.measure import ON_THE_WAY
    from kanviz.language.teaching.verdict import teach_verdict
    from kanviz.plots import teach_plane_figure

    most = max(point.gain for one in outcomes for point in one.trajectory)
    if most > 0.05:
        key = f"{KEEP}teach-gain-{most:.4f}"
        highest = round(most - 0.005, 2)
        gain = st.slider(
            "Compare at equal gain (bits per character)", 0.01, highest, usual_gain(outcomes), 0.01, key=key
        )
        st.info(escape_markdown(teach_verdict(outcomes, gain)), icon=":material/balance:")
    else:
        gain = None
        st.info("After no lesson is the new text predicted better so far: take more steps.", icon=":material/balance:")
    chart(teach_plane_figure(outcomes, gain, theme=theme()), "teach-plane")
    st.caption(
        "Gain: by how many bits per character the new text is predicted better than before. Forgetting: by how many "
        f"the old one is predicted worse. Both on held-out text: the curves on {ON_THE_WAY} windows of it, the columns "
        "“end” and “bit-identical” on all of it."
    )
    st.dataframe(
        [_row(one, gain) for one in outcomes], hide_index=True,
        column_config={
            "Gain at the end": st.column_config.Column("Gain, end"),
            "Forgetting at the end": st.column_config.Column("Forgetting, end"),
            "CPU seconds": st.column_config.Column("CPU s"),
            "Old predictions bit-identical": st.column_config.Column(
                "Bit-identical", help="Share of the predictions of held-out old text whose bits are as before."
            ),
        },
    )  # fmt: skip


def usual_gain(outcomes: "Sequence[Outcome]") -> float:
    """Return a gain that every lesson reaches, in bits per character."""
    reached = min(max(point.gain for point in one.trajectory) for one in outcomes)
    return round(max(SHARE * reached, 0.01), 2)


def _row(one: "Outcome", gain: float | None) -> dict[str, str]:
    at = one.forgetting_at(gain) if gain is not None else None
    return {
        "Way": one.how,
        "Forgetting at equal gain": "not reached" if at is None else f"{at:z.3f}",
        "Gain at the end": f"{one.now.gain:z.3f}",
        "Forgetting at the end": f"{one.now.forgetting:z.3f}",
        "Old predictions bit-identical": f"{percent(one.now.identical)}%",
        "CPU seconds": f"{one.cpu_seconds:.3g}",
        "Steps": f"{one.step} of {one.steps}",
    }


def elsewhere() -> None:
    """Offer the models and the certificate, and show the same lessons as a command line and as Python."""
    run = session().of(Teaching).run
    if run is not None and run.before:
        st.markdown("**Take it with you**")
        files = {"before.safetensors": run.before[-1]}
        files |= {f"{way.replace('+', '-')}.safetensors": data for way, data in run.after.items()}
        if run.certificates:
            files["kept.json"] = json.dumps(run.certificates[-1], indent=1).encode()
        with st.container(horizontal=True, gap="small"):
            for name, data in files.items():
                st.download_button(
                    name, data, name, "application/octet-stream", icon=":material/save:", on_click="ignore",
                    key=f"teach-save-{name}",
                )  # fmt: skip
        if run.certificates:
            from kanviz.language.teaching.claims import LanguageCertificate

            found = LanguageCertificate.from_json(run.certificates[-1])
            st.markdown("**The certificate of the gate**")
            st.markdown(escape_markdown(" ".join(found.summary())))
            st.code(
                "kanviz language verify kept.json before.safetensors gate.safetensors", language=None, wrap_lines=True
            )
            st.caption("The certificate does not include changes of the gate by hand.")
    st.markdown("**The same elsewhere**")
    command, python = same_lessons()
    st.code(command, language=None, wrap_lines=True)
    st.code(python, language=None, wrap_lines=True)


def same_lessons() -> tuple[str, str]:
    """Return (command line, Python code) that train a model and teach it behind a gate."""
    run = session().of(Teaching).run
    old, new = (run.plan.old, run.plan.new) if run is not None else (snapshot("documentation"), snapshot("code"))
    seconds, steps = (run.plan.seconds, run.plan.steps) if run is not None else (float(round(shipped().seconds)), 200)
    way = (run.plan.ways[0] if GATE not in run.plan.ways else GATE) if run is not None else GATE
    first, second = _named(old, "OLD_TEXT.txt"), _named(new, "NEW_TEXT.txt")
    trained = run is not None and run.plan.model is not None
    making = "" if trained else f"kanviz language train --text {first} --seconds {seconds:g} -o before.safetensors\n"
    command = (
        f"{making}kanviz language teach before.safetensors --text {second} --keep {first} --how {way} --steps {steps} "
        "-o taught.safetensors"
    )
    model = (
        "model = load('before.safetensors').model\n"
        if trained
        else f"*_, trained = train(LanguageModel('curves'), old, LanguageTraining(seconds={seconds:g}))\n"
        "model = trained.model\n"
    )
    names = "Corpus, load, teach" if trained else "Corpus, LanguageModel, LanguageTraining, teach, train"
    python = (
        f"from kanviz.language import {names}\n\n"
        f"old, new = {_read(old, first)}, {_read(new, second)}\n{model}"
        f"*_, last = teach(model, new, keep=old, how={way!r}, steps={steps})\n"
        "print(last.now)"
    )
    return command, python


def _is_own(corpus: "Corpus") -> bool:
    return corpus.name not in SNAPSHOTS or not corpus.source.startswith("CPython")


def _named(corpus: "Corpus", own: str) -> str:
    return own if _is_own(corpus) else corpus.name


def _read(corpus: "Corpus", name: str) -> str:
    return f"Corpus.{'from_file' if _is_own(corpus) else 'named'}({name!r})"
