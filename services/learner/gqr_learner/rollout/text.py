"""Tokens as text, piece by piece."""

from typing import Any

from tokenizers.decoders import DecodeStream


class TextStream:
    """The text of tokens that come one at a time. A piece is held back until its characters are whole."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._stream = DecodeStream(skip_special_tokens=True)
        self._said = 0

    def append(self, token: int) -> str:
        """What a token adds to the text."""
        piece = self._stream.step(self._tokenizer.backend_tokenizer, token) or ""
        self._said += len(piece)
        return piece

    def rest(self, tokens: list[int]) -> str:
        """What was held back of the whole text of `tokens`."""
        return self.whole(tokens)[self._said :]

    def whole(self, tokens: list[int]) -> str:
        """The text of tokens."""
        text: str = self._tokenizer.backend_tokenizer.decode(tokens, skip_special_tokens=True)
        return text
