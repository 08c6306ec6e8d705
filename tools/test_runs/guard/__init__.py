"""The folder that a checkout's pytest finds the plug-in in."""
