"""The old name of `kanviz.continual`, for one release: what learns tables in turn is still found here."""

import warnings

warnings.warn(
    "kanviz.locality is now kanviz.continual (and kanviz.locality.turn kanviz.continual.sequence); the old name goes "
    "with the next release.",
    DeprecationWarning,
    stacklevel=2,
)
