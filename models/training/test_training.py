"""python3 -m unittest discover models/training"""

import unittest

import numpy as np
import torch

import augment
import data
import evaluate
import export
import losses
import model
import preprocess


class Preprocessing(unittest.TestCase):
    def test_rows_of_a_resize_sum_to_one_and_equal_sizes_change_nothing(self):
        for source, target in ((256, 224), (64, 224), (341, 224), (7, 3)):
            np.testing.assert_allclose(preprocess.triangle(source, target).sum(1), 1, atol=1e-6)
        np.testing.assert_array_equal(preprocess.triangle(5, 5), np.eye(5, dtype=np.float32))

    def test_width_and_height_are_not_exchanged(self):
        picture = np.zeros((4, 8, 3), np.uint8)
        picture[:, 4:] = 200
        small = preprocess.resize(picture, 2)
        np.testing.assert_allclose(small[:, 0].max(), 200 / 4 * 0.5, atol=20)
        self.assertLess(small[:, 0].max(), small[:, 1].min())

    def test_halving_by_a_triangle(self):
        np.testing.assert_allclose(preprocess.triangle(4, 2)[0], np.array([3, 3, 1, 0]) / 7, atol=1e-6)


class Splits(unittest.TestCase):
    def row(self, group, dev):
        return data.Row("roco", "x", "x.jpg", ["a"], "", group, "roco/x", [], False, dev)

    def test_a_torn_group_is_refused(self):
        data.check_split([self.row("a", True), self.row("b", False)])
        with self.assertRaises(ValueError):
            data.check_split([self.row("a", True), self.row("a", False)])

    def test_no_mirror_where_a_side_is_named(self):
        self.assertFalse(data.can_mirror("roco", "Mass in the left lung."))
        self.assertTrue(data.can_mirror("roco", "CT of the pelvis."))
        self.assertFalse(data.can_mirror("mednist", "Frontal chest x-ray."))


class Network(unittest.TestCase):
    def test_trunks_have_the_published_blocks(self):
        self.assertEqual([len(model.block_shapes(trunk)) for trunk in ("lite0", "lite1", "lite2")], [16, 21, 21])
        self.assertEqual(model.block_shapes("lite2")[-1], (3, 1, 6, 208, 352))

    def test_folding_keeps_the_embedding(self):
        encoder = model.Encoder("lite0", 16).eval()
        encoder.centre.uniform_()
        encoder.spread.uniform_(0.5, 2)
        encoder.text.weight.data = torch.linalg.qr(torch.randn(384, 384)).Q
        pooled, words = torch.rand(4, 2 * model.LAST), torch.randn(5, 384)
        state = export.folded({f"encoder.{k}": v for k, v in encoder.state_dict().items()}, True)
        plain = model.Encoder("lite0", 16).eval()
        plain.load_state_dict(state, strict=False)
        with torch.no_grad():
            before = encoder.project(pooled) @ encoder.words(words).T
            after = plain.project(pooled) @ plain.words(words).T
        torch.testing.assert_close(before, after, atol=1e-4, rtol=0)


class Figures(unittest.TestCase):
    def test_ranks(self):
        scores = np.array([[0.9, 0.1, 0.2], [0.5, 0.4, 0.3], [0.1, 0.2, 0.2]])
        np.testing.assert_array_equal(evaluate.ranks(scores), [1, 2, 1.5])

    def test_right_pairs_cost_less(self):
        vectors, targets = torch.eye(4), torch.arange(4)
        for loss in (lambda a: losses.softmax(a, vectors, targets, 10), lambda a: losses.sigmoid(a, vectors, targets, 10, -5)):
            self.assertLess(loss(vectors), loss(vectors.flip(0)))

    def test_a_variant_is_seeded_and_in_range(self):
        rows = [data.Row("ham10000", "x", "x", ["a"], "b", "g", "t", [], True, False)] * 2
        squares = np.random.default_rng(0).integers(0, 255, (2, 32, 32, 3), dtype=np.uint8)
        first, again = (augment.variant(squares, rows, 16, torch.Generator().manual_seed(1)) for _ in range(2))
        torch.testing.assert_close(first, again)
        self.assertLessEqual(first.abs().max(), 1.01)


if __name__ == "__main__":
    unittest.main()
