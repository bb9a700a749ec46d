"""The Retrain page: learning new rows without forgetting what is known."""
