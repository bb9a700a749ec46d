"""Ask what the file of the opened network does not say, with the answers that were assumed filled in."""

from typing import TYPE_CHECKING

import streamlit as st

from kanviz.ui.server.uploads import count
from kanviz.ui.widgets.asked_file import asked_file
from kanviz.ui.widgets.current import show_refusals
from kanviz.ui.widgets.model_file import held
from kanviz.ui.widgets.words import label

if TYPE_CHECKING:
    from kanviz.io.questions import Answer, Question
    from kanviz.ui.state.asked_file import AskedFile
    from kanviz.ui.state.session import Session

MOST = 60  # questions in the form; the others are assumed
FIELD = 320  # pixels wide
HELP = {
    "base": "The function that the model's code gave its layers, for example base_activation of efficient-kan. Which "
    "one is right can be seen with the outputs of the original.",
}
TYPED = "Choose a function, or type a formula of x, for example x*sin(x), and press Enter."


def questions_panel(s: "Session", *, waiting: bool = False) -> None:
    """Show the form for the file that was opened with answers, or for the one that waits for an answer, if any."""
    file = asked_file(s)
    if file.files and not file.waits and not file.is_near(s):
        file.close()
    shared = all(content is held(s).files.get(name) for name, content in file.files.items())
    count(file, 0 if shared else file.size)  # a file of the list of blocks is counted with that
    if not file.files or file.unknown or bool(file.waiting) != waiting:
        return
    with st.container(border=True, key="questions"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.subheader("What this file does not say", anchor=False, width="content")
            st.button("Close this form", icon=":material/close:", type="tertiary", on_click=_close, args=(file,))
        st.caption(_why(file))
        given = _form(s, file)
        if given is not None:
            with show_refusals():
                file.answer(s, given)
                st.switch_page("app.py")


def _why(file: "AskedFile") -> str:
    name = label(file.title, 80)
    if file.waiting:
        return f"{name} opens when this is answered. Nothing is likely enough to be assumed."
    return f"{name} was opened with these answers. Its outputs are right only if the answers are."


def _form(s: "Session", file: "AskedFile") -> "dict[str, Answer] | None":
    """Show a field for each question; return the answers when they are sent."""
    asked = file.questions[-MOST:]
    assumed = {one.question.name for one in file.asked if not one.given}
    answers: dict[str, Answer | None] = {}
    with st.form(f"questions-{file.edition}", border=False):
        row = st.container(horizontal=True, gap="medium")
        for question, answer in asked:
            with row.container(width=FIELD):
                answers[question.name] = _field(question, answer, f"question-{file.edition}-{question.name}")
                if question.name in assumed:
                    st.caption(":material/warning: Assumed, not in the file.")
        sent = st.form_submit_button(
            "Open with these answers", type="primary", icon=":material/folder_open:", disabled=s.training.live
        )
    return {name: answer for name, answer in answers.items() if answer is not None} if sent else None


def _field(question: "Question", answer: "Answer | None", key: str) -> "Answer | None":
    """Show the field of a question, with its answer filled in."""
    title = label(question.text[:1].upper() + question.text[1:], 200)
    if isinstance(answer, tuple):
        st.markdown(title)
        left, right = st.columns(2)
        low = left.number_input("From", value=answer[0], format="%g", key=f"{key}-low")
        return low, right.number_input("To", value=answer[1], format="%g", key=f"{key}-high")
    if question.choices:
        used = None if answer is None else str(answer)
        options = [*question.choices, *([used] if used is not None and used not in question.choices else [])]
        return st.selectbox(
            title, options, key=key, index=None if used is None else options.index(used),
            accept_new_options=question.typed, placeholder="Choose one",
            help=TYPED if question.typed else HELP.get(question.name),
        )  # fmt: skip
    return st.number_input(title, value=None if answer is None else float(str(answer)), format="%g", key=key)


def _close(file: "AskedFile") -> None:
    file.close()
    count(file, 0)
