"""A Qwen3-compatible decoder: RMSNorm, grouped attention with per-head QK-norm, rotary positions, SwiGLU, tied embedding.

Its weights map one to one onto transformers' Qwen3ForCausalLM (see `to_hugging_face`), and oracle.py checks that
the logits agree. Output projections start at zero, so that the untrained network is the identity on its embedding.
"""

from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import nn


@dataclass
class Config:
    """Widths in channels. `kv_heads` groups of `heads / kv_heads` query heads share one key and value head."""
    vocab: int = 8192
    width: int = 256
    layers: int = 5
    heads: int = 4
    kv_heads: int = 1
    head_dim: int = 64
    hidden: int = 704
    theta: float = 10000.0
    eps: float = 1e-6
    context: int = 1024


SIZES = {
    "proposal-6m": Config(),
    "tiny": Config(width=64, layers=2, heads=2, hidden=128),
    # For a data-centre GPU: half an hour of an H200 suffices for about 0.7 billion tokens.
    "proposal-62m": Config(width=640, layers=12, heads=10, kv_heads=2, hidden=1792),
}


def rms_norm(x, weight, eps):
    return F.rms_norm(x, (x.shape[-1],), weight.to(x.dtype), eps)


def rotate(x, cos, sin):
    """Rotary embedding, halves convention: x [batch, T, heads, head_dim], cos and sin [1, T, 1, head_dim / 2]."""
    a, b = x.chunk(2, -1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), -1)


def rotary_tables(config, n_positions):
    """cos and sin of position · theta^(-2i/head_dim), each [n_positions, head_dim / 2]."""
    rates = config.theta ** (-torch.arange(0, config.head_dim, 2, dtype=torch.float64) / config.head_dim)
    angles = torch.outer(torch.arange(n_positions, dtype=torch.float64), rates)
    return angles.cos().float(), angles.sin().float()


class Block(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = c = config
        self.attention_norm = nn.Parameter(torch.ones(c.width))
        self.mlp_norm = nn.Parameter(torch.ones(c.width))
        self.query_norm = nn.Parameter(torch.ones(c.head_dim))
        self.key_norm = nn.Parameter(torch.ones(c.head_dim))
        self.qkv = nn.Linear(c.width, (c.heads + 2 * c.kv_heads) * c.head_dim, bias=False)
        self.output = nn.Linear(c.heads * c.head_dim, c.width, bias=False)
        self.gate_up = nn.Linear(c.width, 2 * c.hidden, bias=False)
        self.down = nn.Linear(c.hidden, c.width, bias=False)

    def forward(self, x, cos, sin):
        """x [batch, T, width] → same shape, causal."""
        c = self.config
        batch, length, _ = x.shape
        qkv = self.qkv(rms_norm(x, self.attention_norm, c.eps))
        q, k, v = qkv.view(batch, length, -1, c.head_dim).split([c.heads, c.kv_heads, c.kv_heads], 2)
        q = rotate(rms_norm(q, self.query_norm, c.eps), cos, sin).transpose(1, 2)
        k = rotate(rms_norm(k, self.key_norm, c.eps), cos, sin).transpose(1, 2)
        mixed = F.scaled_dot_product_attention(q, k, v.transpose(1, 2), is_causal=True, enable_gqa=True)
        x = x + self.output(mixed.transpose(1, 2).reshape(batch, length, -1))
        gate, up = self.gate_up(rms_norm(x, self.mlp_norm, c.eps)).chunk(2, -1)
        return x + self.down(F.silu(gate) * up)


class Decoder(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = c = config
        self.embedding = nn.Embedding(c.vocab, c.width)
        self.blocks = nn.ModuleList([Block(c) for _ in range(c.layers)])
        self.final_norm = nn.Parameter(torch.ones(c.width))
        nn.init.normal_(self.embedding.weight, std=0.02)
        for block in self.blocks:
            for layer in (block.qkv, block.gate_up):
                nn.init.normal_(layer.weight, std=0.6 * c.width ** -0.5)
            for layer in (block.output, block.down):
                nn.init.zeros_(layer.weight)
        cos, sin = rotary_tables(c, 2 * c.context)
        self.register_buffer("cos", cos[None, :, None], persistent=False)
        self.register_buffer("sin", sin[None, :, None], persistent=False)

    def hidden(self, tokens):
        """tokens [batch, T] → normalised last hidden states [batch, T, width] in the autocast type."""
        x = self.embedding(tokens)
        if torch.is_autocast_enabled(x.device.type):
            x = x.to(torch.get_autocast_dtype(x.device.type))
        n = tokens.shape[1]
        cos, sin = self.cos[:, :n].to(x.dtype), self.sin[:, :n].to(x.dtype)
        for block in self.blocks:
            x = block(x, cos, sin)
        return rms_norm(x, self.final_norm, self.config.eps)

    def forward(self, tokens):
        """tokens [batch, T] → logits [batch, T, vocab]."""
        x = self.hidden(tokens)
        return F.linear(x, self.embedding.weight.to(x.dtype))

    def loss(self, tokens, targets):
        """Mean negative log-likelihood in nats over targets [batch, T]; −100 marks positions without a target."""
        return F.cross_entropy(self(tokens).flatten(0, 1).float(), targets.flatten(), ignore_index=-100)

    def n_body(self):
        return sum(p.numel() for name, p in self.named_parameters() if "embedding" not in name)


def save_model(path, model, **more):
    torch.save(dict(config=asdict(model.config), weights=model.state_dict(), **more), path)


def load_model(path):
    """→ (model in evaluation mode, everything else that was saved)."""
    saved = torch.load(path, map_location="cpu")
    model = Decoder(Config(**saved.pop("config")))
    model.load_state_dict({name: value.float() for name, value in saved.pop("weights").items()})
    return model.eval(), saved


def weights_of(model):
    """{parameter name: float32 array}."""
    return {name: value.float().numpy() for name, value in model.state_dict().items()}


def to_hugging_face(model):
    """(config.json object, {tensor name: tensor}) of transformers' Qwen3ForCausalLM."""
    c = model.config
    tensors = {"model.embed_tokens.weight": model.embedding.weight, "model.norm.weight": model.final_norm}
    for i, block in enumerate(model.blocks):
        q, k, v = block.qkv.weight.split([c.heads * c.head_dim, c.kv_heads * c.head_dim, c.kv_heads * c.head_dim])
        gate, up = block.gate_up.weight.chunk(2)
        for name, tensor in {
            "input_layernorm": block.attention_norm, "post_attention_layernorm": block.mlp_norm,
            "self_attn.q_norm": block.query_norm, "self_attn.k_norm": block.key_norm,
            "self_attn.q_proj": q, "self_attn.k_proj": k, "self_attn.v_proj": v, "self_attn.o_proj": block.output.weight,
            "mlp.gate_proj": gate, "mlp.up_proj": up, "mlp.down_proj": block.down.weight,
        }.items():
            tensors[f"model.layers.{i}.{name}.weight"] = tensor
    config = dict(
        architectures=["Qwen3ForCausalLM"], model_type="qwen3", vocab_size=c.vocab, hidden_size=c.width,
        num_hidden_layers=c.layers, num_attention_heads=c.heads, num_key_value_heads=c.kv_heads, head_dim=c.head_dim,
        intermediate_size=c.hidden, hidden_act="silu", rms_norm_eps=c.eps, rope_theta=c.theta,
        max_position_embeddings=c.context, tie_word_embeddings=True, attention_bias=False, attention_dropout=0.0,
        bos_token_id=None, eos_token_id=0, pad_token_id=4, torch_dtype="float32")
    return config, {name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}
