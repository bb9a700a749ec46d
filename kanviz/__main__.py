"""`python -m kanviz` is the command `kanviz`."""

import sys

from kanviz.cli import main

sys.exit(main())
