"""The workbench: the network, the chosen edge under the hand, and what the network says, all on one page."""

from kanviz.ui.shell.page import open_workbench
from kanviz.ui.workbench.workbench import workbench

workbench(open_workbench())
