"""The Streamlit app: sessions, their jobs, widgets, browser components, and a folder for each page."""
