"""Tests of kanviz.sklearn."""
