"""Damage to naturalness: the signal and the content are fine, the look is wrong."""

from __future__ import annotations

import cv2
import numpy as np

from tools.mini.assets import Array, Pixels
from tools.mini.damage.spot import Spot, between, mixed, pixels_of
from tools.mini.photographic import LUMA, saturation_matrix


def saturate(image: Pixels, severity: float, spot: Spot) -> tuple[Pixels, Pixels]:
    """Colours 1.5 to 5 times as far from gray, with harder contrast."""
    out = cv2.transform(image, saturation_matrix(between(1.5, 5, severity)))
    levels = np.arange(256, dtype=np.float32)
    return cv2.LUT(out, pixels_of((levels - 128) * np.float32(1.05 + 0.5 * severity) + 128)), spot.mask


def tint(image: Pixels, severity: float, spot: Spot) -> tuple[Pixels, Pixels]:
    """Wrong light: a coloured cast over 15% to 80% of each colour."""
    amount = between(0.15, 0.8, severity)
    colour = spot.rng.dirichlet((0.5, 0.5, 0.5)).astype(np.float32) * 2
    matrix = np.eye(3, dtype=np.float32) * np.float32(1 - amount) + colour[:, None] * LUMA[None] * np.float32(amount)
    return cv2.transform(image, matrix), spot.mask


def gradient(image: Pixels, severity: float, spot: Spot) -> tuple[Pixels, Pixels]:
    """Light from a direction that nothing else in the picture knows: dark on one side, glaring on the other."""
    height, width = image.shape[:2]
    top, left, bottom, right = spot.box
    angle, strength = spot.rng.uniform(0, 2 * np.pi), between(0.25, 1.6, severity)
    y = (np.arange(height, dtype=np.float32)[:, None] - (top + bottom) / 2) / max(1, bottom - top) * 2
    x = (np.arange(width, dtype=np.float32)[None] - (left + right) / 2) / max(1, right - left) * 2
    ramp = (y * np.sin(angle) + x * np.cos(angle)).astype(np.float32).clip(-1.3, 1.3)
    light = np.exp2(ramp * np.float32(strength))[..., None]
    warm = 1 + np.float32(0.25 * strength) * ramp[..., None] * spot.rng.uniform(-1, 1, 3).astype(np.float32)
    return pixels_of(image * (light * warm.clip(0.3, 2))), spot.mask


def plastic(image: Pixels, severity: float, spot: Spot) -> tuple[Pixels, Pixels]:
    """Waxy skin: texture goes, edges stay, highlights shine."""
    radius = max(1, round(between(1.0, 6.5, severity) * spot.unit))
    if spot.rng.random() < 0.6:
        out = cv2.medianBlur(image, 2 * radius + 1)
    else:
        small = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        small = cv2.bilateralFilter(small, 5, between(25, 130, severity), max(1.0, radius))
        out = cv2.resize(small, image.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    soft = cv2.GaussianBlur(out, (0, 0), 6 * spot.unit)
    gain = 0.15 + 0.4 * severity
    return cv2.addWeighted(out, 1 + gain, soft, -gain, 0), spot.mask


def exposure(image: Pixels, severity: float, spot: Spot) -> tuple[Pixels, Pixels]:
    """Much too dark or too light for its surroundings, by a gamma of 1.35 to 4 or its inverse."""
    power = between(1.35, 4, severity)
    levels = np.arange(256, dtype=np.float32) / 255
    curve = (levels ** (power if spot.rng.random() < 0.5 else 1 / power)).astype(np.float32)
    return cv2.LUT(image, pixels_of(curve * 255)), spot.mask


def contrast(image: Pixels, severity: float, spot: Spot) -> tuple[Pixels, Pixels]:
    """Flat as behind a haze, or hard as on a photocopy."""
    levels = np.arange(256, dtype=np.float32)
    middle = np.float32(cv2.mean(image, spot.mask)[1])
    curve: Array
    if spot.rng.random() < 0.5:
        haze = middle + np.float32(spot.rng.uniform(-30, 60))
        curve = haze + (levels - haze) * np.float32(between(0.75, 0.1, severity))
    else:
        curve = middle + (levels - middle) * np.float32(between(1.5, 7, severity))
    return cv2.LUT(image, pixels_of(curve)), spot.mask


def sharpen(image: Pixels, severity: float, spot: Spot) -> tuple[Pixels, Pixels]:
    """Sharpened until edges have halos and texture is gritty."""
    soft = cv2.GaussianBlur(image, (0, 0), max(0.7, spot.rng.uniform(1.0, 3.0) * spot.unit))
    gain = between(0.9, 8, severity)
    return cv2.addWeighted(image, 1 + gain, soft, -gain, 0), spot.mask


def edges(image: Pixels, severity: float, spot: Spot) -> tuple[Pixels, Pixels]:
    """A halo or an outline along the border of the part; the mask becomes that border."""
    hard = (spot.mask > 127).astype(np.uint8) * np.uint8(255)
    width = max(1, round(between(1.2, 7, severity) * spot.unit))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * width + 1, 2 * width + 1))
    ring = cv2.morphologyEx(hard, cv2.MORPH_GRADIENT, kernel)
    light = spot.rng.choice([0, 255]) if spot.rng.random() < 0.7 else spot.rng.uniform(0, 255, 3)
    colour = np.broadcast_to(np.asarray(light, np.float32), image.shape)
    strength = np.full(image.shape[:2], round(255 * (0.3 + 0.7 * severity)), np.uint8)
    return mixed(image, colour.astype(np.uint8), strength), ring


def pasted(image: Pixels, severity: float, spot: Spot) -> tuple[Pixels, Pixels]:
    """As if cut from another picture: other brightness and white balance, and a hard, ragged border."""
    strength = between(0.1, 0.75, severity) * spot.rng.choice([-1, 1])
    gains: Array = np.exp(strength + spot.rng.uniform(-0.5, 0.5, 3) * abs(strength)).astype(np.float32)
    levels = np.arange(256, dtype=np.float32)[:, None] * gains[None]  # (256, 3)
    out = cv2.LUT(image, pixels_of(levels)[None])
    hard: Pixels = (spot.mask > 127).astype(np.uint8) * np.uint8(255)
    step = max(1, round(3 * spot.unit))
    ragged = cv2.resize(hard[::step, ::step], hard.shape[::-1], interpolation=cv2.INTER_NEAREST)
    return out, ragged
