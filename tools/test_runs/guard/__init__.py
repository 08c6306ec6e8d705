"""The directory from which a checkout's pytest loads the plugin."""
