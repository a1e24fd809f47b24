"""The listening domain: what users listened to, their sessions, and the songs played most in the longest."""
