"""Chat models: remote servers, GGUF files, LangChain models, fallbacks, and fakes for tests."""
