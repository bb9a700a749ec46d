"""What one person works on, and the jobs that run for them; nothing here imports Streamlit."""
