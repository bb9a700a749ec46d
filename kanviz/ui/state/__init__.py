"""State of one person's session and its background jobs. Nothing here imports Streamlit."""
