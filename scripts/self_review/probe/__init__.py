"""Asking a backend politely: bounded in time, bytes, redirects, requests and pace."""
