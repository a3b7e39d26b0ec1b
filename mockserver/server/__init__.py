"""Sockets and HTTP/1: what is between uvicorn and the application."""
