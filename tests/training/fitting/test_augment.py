"""Augmentation is a function of seed, step and line."""

import numpy as np

from tests.support.bar_lines import BarSource


def test_augmentation_is_a_function_of_seed_step_and_line() -> None:
    from training.fitting.augment import augment

    images = np.stack(BarSource(8).batch(np.arange(8)).images)
    indices = np.arange(8)
    whole = augment(images, indices, 3, seed=1, strength=1.0)
    parts = [
        augment(images[i : i + 1], indices[i : i + 1], 3, seed=1, strength=1.0) for i in indices
    ]
    np.testing.assert_array_equal(whole, np.concatenate(parts))
    assert (whole != images).any()
    assert (whole != augment(images, indices, 4, seed=1, strength=1.0)).any()
    np.testing.assert_array_equal(images, augment(images, indices, 3, seed=1, strength=0.0))
