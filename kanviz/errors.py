"""Defines the errors that a user may see; each message states the fault, its place and the remedy."""


class UserError(Exception):
    """Base class of all refusals: one sentence that includes the remedy, safe to show unchanged.

    >>> import kanviz
    >>> try:
    ...     kanviz.init([2])
    ... except kanviz.UserError as refusal:
    ...     print(refusal)
    A shape needs inputs and outputs, as in [2, 5, 1]; product nodes come after the inputs.
    """


class EditError(UserError):
    """An edit that does not fit the network it was applied to."""


class LoadError(UserError):
    """A file that cannot be read in the format it claims to have."""


class TableError(UserError):
    """A table that cannot be read, or does not contain what was requested."""


class TooLarge(TableError):
    """A table that is too large to be held in memory as a whole."""


class FormulaError(UserError):
    """A typed text that is not a valid formula; the message gives the position of the error."""


class LayerError(UserError, RuntimeError):
    """Numbers that a layer cannot use; also a RuntimeError, because torch's own layers raise that."""


class TrainError(UserError):
    """A training run that cannot start or continue."""


class EstimatorError(UserError, ValueError):
    """Rows or settings that an estimator cannot use; also a ValueError, because scikit-learn's own raise that."""


class ExtraError(UserError, ImportError):
    """A part of kanviz that needs a library which was not installed with it; also an ImportError."""

    def __init__(self, part: str, library: str, extra: str):
        super().__init__(f'{part} needs {library}, which is not installed. Install it: pip install "kanviz[{extra}]".')


class SplinesNeeded(UserError):
    """Something that needs B-splines was asked of a network whose curves are of another family."""

    def __init__(self, words: str):
        self.why = f"The curves of this network are {words}, and this needs B-splines."
        super().__init__(
            f"{self.why} Convert it first: kanviz.to_splines(kan), the command `kanviz convert`, or "
            '"Convert to B-splines" in the app.'
        )
