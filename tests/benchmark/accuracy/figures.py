"""Figures that compare outputs of a quantized model with those of the float model, both [n, classes]."""

import numpy as np


def log_softmax(logits):
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def softmax(logits):
    return np.exp(log_softmax(logits))


def interval(successes, count):
    """The ends of Wilson's 95 % interval for a share (E. B. Wilson 1927, "Probable inference")."""
    z = 1.96
    share, spread = successes / count, z * z / count
    centre = share + spread / 2
    half = z * np.sqrt(share * (1 - share) / count + spread / count / 4)
    return (centre - half) / (1 + spread), (centre + half) / (1 + spread)


def sqnr(signal, noisy):
    """Signal to quantization noise of all values together, in decibels."""
    noise = np.square(signal - noisy).sum()
    return 10 * np.log10(np.square(signal).sum() / noise) if noise else float("inf")


def low_sqnr(signal, noisy):
    """The SQNR that five pictures of a hundred do not reach."""
    return np.percentile([sqnr(*rows) for rows in zip(signal, noisy)], 5)


def relative_error(signal, noisy):
    return np.sqrt(np.square(signal - noisy).sum() / np.square(signal).sum())


def rms(signal, noisy):
    return np.sqrt(np.square(signal - noisy).mean())


def divergence(logits, noisy):
    """Kullback-Leibler divergence of the quantized probabilities from the float ones, mean over pictures, in nats."""
    expected, actual = log_softmax(logits), log_softmax(noisy)
    return (np.exp(expected) * (expected - actual)).sum(axis=1).mean()
