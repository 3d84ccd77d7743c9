from django.apps import AppConfig


class Conversations(AppConfig):
    name = "conversations"

    def ready(self) -> None:
        from . import answers  # noqa: F401 - listens for generations that end
