"""Word vectors of the click predictor's own vocabulary, taught by the pretrained sentence encoder on the texts of the log.

The vector of a text is the weighted mean of its tokens' vectors. Vectors and weights start from the encoder's own word embeddings
and are then trained until dot products of texts are near the encoder's. The encoder reads every text once, and never while serving.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from gqr_learner.ctr.backbones import Backbone
from gqr_learner.ctr.match import Match, bags
from gqr_learner.ctr.vocabulary import encoder
from gqr_learner.sentence_encoder import SentenceEncoder

COMMON_WORDS = 8_000
"""Words of the language at large that are learnt as well, since the next log has other topics."""
MOST_TEXTS = 20_000
"""Different texts that the encoder reads; of more, as many are drawn."""
LONGEST = 48
"""Tokens of a text that count."""
COMMON = 1e-3
"""Share of all tokens at which a token's first weight is a half (smooth inverse frequency, Arora et al. 2017)."""
DEVIATION = 0.05
"""Of the first vectors. Only directions count, so it sets how far a step of LEARNING_RATE turns them."""
STEPS = 400
LEARNING_RATE = 3e-3
SEEDS, NEAREST, OTHERS = 16, 12, 64
"""A step compares all texts of a batch: some, those nearest to each of them, and others."""
NEARNESS = 4.0
"""How much more the distance of two texts counts that are alike: most pairs are not, and would drown the rest."""


def teach(
    match: Match,
    backbone: Backbone,
    tokenizer: Tokenizer,
    teacher: SentenceEncoder,
    texts: Sequence[str],
    seed: int,
    on_step: Callable[[str, int, int, str], None],
) -> None:
    """Fills vectors and weights of `match` from `texts`, each as often as it occurs. `on_step` gets stage, done, total and unit."""
    rng = np.random.default_rng(seed)
    generator = torch.Generator().manual_seed(seed)
    distinct = sorted(set(texts))
    if len(distinct) > MOST_TEXTS:
        distinct = [distinct[index] for index in np.sort(rng.choice(len(distinct), MOST_TEXTS, replace=False))]
    distinct += sorted(set(teacher.common_words(COMMON_WORDS)) - set(distinct))
    start_from(match, backbone, tokenizer, teacher, texts)
    ids, marks = _padded(tokenizer, distinct)
    vectors = torch.from_numpy(teacher.encode(distinct, lambda done: on_step("encode", done, len(distinct), "texts")))

    student_vectors = nn.Parameter(match.vectors.clone())
    # As logarithms, weights stay positive; those of special tokens stay 0.
    log_weights = nn.Parameter(match.weights.clamp(min=1e-9).log())
    counts = (match.weights > 0).float()
    optimizer = torch.optim.Adam([student_vectors, log_weights], lr=LEARNING_RATE)
    for step in range(STEPS):
        chosen = _batch(vectors, generator)
        student = bags(student_vectors, log_weights.exp() * counts, ids[chosen], marks[chosen][:, None, :])[:, 0]
        wanted = vectors[chosen] @ vectors[chosen].T
        loss: Tensor = ((student @ student.T - wanted) ** 2 * (1 + NEARNESS * wanted.clamp(min=0))).mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        on_step("word vectors", step + 1, STEPS, "steps")
    match.vectors, match.weights = student_vectors.detach(), (log_weights.exp() * counts).detach()


def start_from(
    match: Match, backbone: Backbone, tokenizer: Tokenizer, teacher: SentenceEncoder | None, texts: Sequence[str]
) -> None:
    """First vectors: the encoder's, reduced to the width of `match`, or random ones, by which like words match and nothing else.

    First weights: the rarer a token, the more it says.
    """
    vocabulary = tokenizer.get_vocab()
    tokens = sorted(vocabulary, key=lambda token: vocabulary[token])
    width = match.vectors.shape[1]
    if teacher is None:
        vectors = DEVIATION * torch.randn(len(tokens), width)
    else:
        known = teacher.word_vectors([backbone.word(token) for token in tokens])
        centred = torch.from_numpy(known - known.mean(0))
        _, _, directions = torch.linalg.svd(centred, full_matrices=False)
        vectors = torch.zeros(len(tokens), width)
        reduced = centred @ directions[:width].T
        vectors[:, : reduced.shape[1]] = DEVIATION * reduced / reduced.std()
    encode = encoder(tokenizer)
    seen = np.zeros(len(tokens))
    for text in texts:
        np.add.at(seen, list(encode(text)), 1)
    weights = COMMON / (COMMON + seen / max(1.0, seen.sum()))
    for token in backbone.special:
        weights[vocabulary[token]] = 0
    match.vectors, match.weights = vectors, torch.from_numpy(weights).float()


def _padded(tokenizer: Tokenizer, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
    encode = encoder(tokenizer)
    rows = [list(encode(text))[:LONGEST] for text in texts]
    ids = torch.zeros(len(rows), max(1, *(len(row) for row in rows)), dtype=torch.int64)
    marks = torch.zeros(ids.shape)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = torch.tensor(row, dtype=torch.int64)
        marks[index, : len(row)] = 1
    return ids, marks


def _batch(vectors: Tensor, generator: torch.Generator) -> Tensor:
    count = len(vectors)
    seeds = torch.randint(count, (SEEDS,), generator=generator)
    nearest = (vectors[seeds] @ vectors.T).topk(min(NEAREST, count)).indices.flatten()
    chosen: Tensor = torch.cat([nearest, torch.randint(count, (OTHERS,), generator=generator)]).unique()  # type: ignore[no-untyped-call]
    return chosen
