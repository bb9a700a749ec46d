"""The Streamlit side: one session object, small panels, jobs."""
