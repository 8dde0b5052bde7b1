"""How alike the target is to what stands before it: a help for [CLS] beside the embeddings of Fig. 2.

A network from scratch that sees some thousand lists learns which tasks and positions are clicked, and nothing of which words belong
together: the few clicks do not suffice. So word vectors that were learnt elsewhere tell it, see word_vectors.py.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

CENTRE = (0.4, 0.3, 0.6)
SCALE = (4.0, 4.0, 3.0)
"""Bring each feature to about zero mean and unit deviation on lists of queries."""
OF_SOURCE = (0.3, 4.0)
"""Centre and scale of the likeness to a source."""


class Match(nn.Module):
    """From the input of the network to a vector that is added to the embedding of [CLS]."""

    vectors: Tensor
    weights: Tensor
    centre: Tensor
    scale: Tensor

    def __init__(self, vocabulary: int, width: int, hidden: int, positions: int, sources: int = 0) -> None:
        """`positions` is the number of domains that are those of positions; what has others is no query of the list.

        The target is compared with `sources` of the domains after those too.
        """
        super().__init__()
        self.positions = positions
        self.sources = sources
        self.register_buffer("vectors", torch.zeros(vocabulary, width))
        self.register_buffer("weights", torch.zeros(vocabulary))
        self.register_buffer("centre", torch.tensor((*CENTRE, *(OF_SOURCE[0] for _ in range(sources)))))
        self.register_buffer("scale", torch.tensor((*SCALE, *(OF_SOURCE[1] for _ in range(sources)))))
        self.tell = nn.Linear(len(self.centre), hidden)

    def forward(self, input_ids: Tensor, segment_ids: Tensor, domain_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Float [batch, hidden], from the inputs of CtrModel.forward."""
        told: Tensor = self.tell((self.features(input_ids, segment_ids, domain_ids, attention_mask) - self.centre) * self.scale)
        return told

    def features(self, input_ids: Tensor, segment_ids: Tensor, domain_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Float [batch, 3 + sources].

        Cosine of q_k to q_user, cosine of q_k to q_1 .. q_{k-1} together, log(1 + tokens of q_k) / 3, and the cosine of q_k to each
        source, which is 0 where the source says nothing.
        """
        is_target = segment_ids == 1
        is_user = ~is_target & (domain_ids == 0)
        is_preceding = ~is_target & (domain_ids > 0) & (domain_ids < self.positions)
        are_sources = [~is_target & (domain_ids == self.positions + source) for source in range(self.sources)]
        parts = torch.stack([is_target, is_user, is_preceding, *are_sources], 1) * attention_mask[:, None, :]
        target, user, preceding, *sources = bags(self.vectors, self.weights, input_ids, parts.float()).unbind(1)
        length = torch.log1p(parts[:, 0].sum(-1).float()) / 3
        to_sources = [(target * source).sum(-1) for source in sources]
        return torch.stack([(target * user).sum(-1), (target * preceding).sum(-1), length, *to_sources], -1)


def bags(vectors: Tensor, weights: Tensor, input_ids: Tensor, parts: Tensor) -> Tensor:
    """Unit vectors, float [batch, parts, width], of the tokens that each of `parts`, float [batch, parts, length], marks by 1.

    `vectors` is float [vocabulary, width], `weights` float [vocabulary]. What has no token of weight, as nothing or special tokens
    alone, has the vector 0.
    """
    return functional.normalize(parts @ (vectors[input_ids] * weights[input_ids][..., None]), dim=-1, eps=1e-6)
