"""Chat models: litellm, GGUF files, LangChain models, fallbacks, and fakes for tests."""
