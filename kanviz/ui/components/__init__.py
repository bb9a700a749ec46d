"""Components of our own: small vanilla JavaScript, fed by the records that plotly draws too."""
