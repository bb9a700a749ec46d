"""The Language page: small language models with learned functions, a module for each tab."""
