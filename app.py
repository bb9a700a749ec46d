"""Workbench: the network, the chosen edge for editing, and the predictions, all on one page."""

from kanviz.ui.shell.page import open_workbench
from kanviz.ui.workbench.workbench import workbench

workbench(open_workbench())
