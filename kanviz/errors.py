"""The one family of errors a user may see: what is wrong, where, and what to do."""


class UserError(Exception):
    """A refusal in one sentence that carries its remedy; safe to show as it is."""


class EditError(UserError):
    """An edit that does not fit the network it was applied to."""


class LoadError(UserError):
    """A file that cannot be opened as what it claims to be."""


class TableError(UserError):
    """A table that cannot be read, or does not hold what was asked for."""


class FormulaError(UserError):
    """A typed formula that is not one, with the position of the trouble."""


class LayerError(UserError, RuntimeError):
    """Numbers that a layer cannot take; a RuntimeError too, as torch's own layers raise it."""


class TrainError(UserError):
    """A training run that cannot start or go on."""
