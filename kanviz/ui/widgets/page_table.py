"""List the pages in their order, and the groups that other modules need."""

PAGES = (
    ("app.py", "Workbench", ":material/hub:"),
    ("pages/open.py", "Open", ":material/folder_open:"),
    ("pages/lessons.py", "Lessons", ":material/school:"),
    ("pages/prune.py", "Prune", ":material/content_cut:"),
    ("pages/formula.py", "Formula", ":material/function:"),
    ("pages/laws.py", "Laws", ":material/functions:"),
    ("pages/train.py", "Train", ":material/model_training:"),
    ("pages/retrain.py", "Retrain", ":material/lock:"),
    ("pages/locality.py", "Locality", ":material/stairs:"),
    ("pages/language.py", "Language", ":material/text_fields:"),
    ("pages/history.py", "History", ":material/history:"),
    ("pages/export.py", "Export", ":material/output:"),
)
RUNS = ("Train", "Retrain")  # pages that show the training themselves
EVERY_EDGE = ("Prune", "Formula", "Retrain", "History")  # pages that list, compare or fit all edges
