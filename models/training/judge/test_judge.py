"""python3 -m unittest discover models/training/judge"""

import unittest

import numpy as np
import torch

import labels
import pictures
import train
import trunk
from beside import data


def row(name: str, caption: str = "a", label: str = "", dev: bool = False, group: str = "g"):
    return data.Row(name, "x", "x.jpg", [caption], label, f"{name}/{group}", "t", [], False, dev)


class Labels(unittest.TestCase):
    def test_labelled_sets_say_what_they_are_of(self):
        self.assertEqual(labels.of_row(row("mednist", label="HeadCT"), "CT"), ("CT", "head"))
        self.assertEqual(labels.of_row(row("busi", label="benign"), "ultrasound"), ("ultrasound", "breast"))
        self.assertEqual(labels.of_row(row("vqa-rad"), "ABD"), ("", "abdomen"))

    def test_captions_say_it_where_they_are_clear(self):
        self.assertEqual(labels.of_caption("Axial CT of the liver with a cyst.", "CT"), ("CT", "abdomen"))
        self.assertEqual(labels.of_caption("MR image of the knee.", "unknown"), ("MRI", "limb"))
        self.assertEqual(labels.of_caption("CT of the chest and abdomen.", "CT"), ("CT", ""))
        self.assertEqual(labels.of_caption("Chest CT at the level of the heart.", "CT"), ("CT", "chest"))
        self.assertEqual(labels.of_caption("Bone scan.", "nuclear"), ("", ""))

    def test_every_answer_is_a_class(self):
        for modality, region in [*labels.MEDNIST.values(), *labels.WHOLE.values()]:
            self.assertIn(modality, labels.MODALITIES)
            self.assertIn(region, labels.REGIONS)
        self.assertLessEqual(set(labels.REGION_OF.values()), set(labels.REGIONS))


class Pictures(unittest.TestCase):
    def test_variants_keep_their_size_and_are_seeded(self):
        picture = np.random.default_rng(0).integers(0, 255, (trunk.SEEN, trunk.SEEN, 3), dtype=np.uint8)
        for name in ("ham10000", "roco"):
            one, again = (pictures.varied(picture, row(name), np.random.default_rng(3)) for _ in range(2))
            self.assertEqual((one.shape, one.dtype), (picture.shape, np.uint8))
            np.testing.assert_array_equal(one, again)
        self.assertEqual(pictures.altered(picture).shape, picture.shape)

    def test_softening_takes_detail_away(self):
        checks = (np.indices((trunk.SEEN, trunk.SEEN)).sum(0) % 2 * 255.0)[:, :, None].repeat(3, 2)
        self.assertLess(pictures.softened(checks, 48).std(), checks.std() / 5)


class Trunk(unittest.TestCase):
    def test_it_has_the_published_blocks_and_features(self):
        shapes = trunk.block_shapes()
        self.assertEqual((len(shapes), shapes[-1]), (17, (6, 1, 160, 320)))
        with torch.no_grad():
            features = trunk.Trunk().eval()(torch.zeros(2, 3, 64, 64))
        self.assertEqual(tuple(features.shape), (2, trunk.LAST))


class Training(unittest.TestCase):
    def test_a_layer_takes_features_as_they_are(self):
        random = np.random.default_rng(1)
        targets = random.integers(0, 3, 300)
        features = (random.normal(size=(300, 8)) + 4 * np.eye(8)[targets]) * 10 + 50
        layer = train.learned(features.astype(np.float32), targets, 3, 1e-2)
        self.assertGreater(train.accuracy(layer, features.astype(np.float32), targets), 0.95)

    def test_axes_are_orthogonal_and_the_widest_come_first(self):
        features = np.random.default_rng(2).normal(size=(400, 100)).astype(np.float32) * np.linspace(5, 1, 100, dtype=np.float32)
        centre, basis = train.axes(features)
        np.testing.assert_allclose(basis @ basis.T, np.eye(train.REDUCED), atol=1e-5)
        spread = ((features - centre) @ basis.T).var(0)
        self.assertTrue((np.diff(spread) <= 1e-3).all())

    def test_copies_are_nearer_than_others(self):
        random = np.random.default_rng(4)
        rows = [row("roco", dev=number % 4 == 0, group=str(number)) for number in range(80)]
        plain = random.normal(size=(80, 30)).astype(np.float32)
        chosen = np.array([1, 2, 3, 5])
        altered = plain[chosen] + 0.01 * random.normal(size=(4, 30)).astype(np.float32)
        found = train.near_copy(rows, plain, altered, chosen, plain.mean(0))
        self.assertEqual(found["of_altered"], 1.0)
        self.assertLess(found["of_unseen"], 0.1)


if __name__ == "__main__":
    unittest.main()
