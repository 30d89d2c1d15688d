"""python3 -m unittest discover models/training/diffusion"""

import hashlib
import tempfile
import tomllib
import types
import unittest
from pathlib import Path

import numpy as np
import torch

import autoencoder
import captions
import export
import pictures
import preview
import progress
import remember
import samplers
import schedule
import sheet
import ship
import train
import unet
from siblings import data
from train_autoencoder import losses

try:
    import diffusers
except ImportError:
    diffusers = None

TINY = {"autoencoder": [32, 32], "autoencoder_layers": 1, "unet": [32, 64], "unet_layers": 1}
TINY |= {"attention": [False, True], "size": 16, "name": "tiny"}


def row(name: str, caption: str = "a", label: str = "", mirror: bool = False, dev: bool = False):
    return data.Row(name, "x", "x.jpg", [caption], label, f"{name}/g", "t", [], mirror, dev)


def filled(network):
    """A network whose zeros are filled too, so that no branch is silent."""
    generator = torch.Generator().manual_seed(3)
    for value in network.parameters():
        value.data += 0.05 * torch.randn(value.shape, generator=generator)
    return network.eval()


class Networks(unittest.TestCase):
    def test_shapes_and_the_factor_of_eight(self):
        network = autoencoder.Autoencoder([32, 32, 64, 64], 1)
        mean, variance = network.encode(torch.zeros(1, 3, 64, 64))
        self.assertEqual((tuple(mean.shape), tuple(variance.shape)), ((1, 4, 8, 8), (1, 4, 8, 8)))
        self.assertEqual(tuple(network.decode(mean).shape), (1, 3, 64, 64))

    def test_whitening_moves_the_latents_and_nothing_else(self):
        network = filled(autoencoder.Autoencoder([32, 32, 32, 32], 1))
        batch = torch.rand(6, 3, 32, 32) * 2 - 1
        with torch.no_grad():
            mean, variance = network.encode(batch)
            before = network.decode(mean)
            middle, spread = mean.mean((0, 2, 3)), mean.std((0, 2, 3))
            network.whiten(middle, spread)
            after, variance_after = network.encode(batch)
            torch.testing.assert_close(network.decode(after), before, atol=2e-4, rtol=0)
        torch.testing.assert_close(after.mean((0, 2, 3)), torch.zeros(4), atol=1e-4, rtol=0)
        torch.testing.assert_close(after.std((0, 2, 3)), torch.ones(4), atol=1e-4, rtol=0)
        wanted = variance - 2 * spread.log()[None, :, None, None]
        torch.testing.assert_close(variance_after, wanted, atol=1e-4, rtol=0)

    def test_words_and_steps_change_what_is_predicted(self):
        network = filled(unet.Unet([32, 64], 1, [False, True]))
        latents, words = torch.randn(1, 4, 8, 8), torch.randn(2, 1, 6, 384)
        with torch.no_grad():
            first = network(latents, torch.tensor([500]), words[0])
            self.assertGreater((first - network(latents, torch.tensor([500]), words[1])).abs().max(), 1e-4)
            self.assertGreater((first - network(latents, torch.tensor([100]), words[0])).abs().max(), 1e-4)

    @unittest.skipUnless(diffusers, "diffusers is not installed")
    def test_diffusers_reads_both_and_computes_the_same(self):
        ours = filled(autoencoder.Autoencoder([32, 64, 64, 96], 1))
        theirs = diffusers.AutoencoderKL.from_config(autoencoder.configuration([32, 64, 64, 96], 1, 64)).eval()
        theirs.load_state_dict(ours.state_dict())
        net = filled(unet.Unet([32, 64, 96], 2, [False, True, True]))
        other = diffusers.UNet2DConditionModel.from_config(
            unet.configuration([32, 64, 96], 2, [False, True, True], 16)
        ).eval()
        other.load_state_dict(net.state_dict())
        batch, latents = torch.rand(1, 3, 64, 64) * 2 - 1, torch.randn(2, 4, 16, 16)
        steps, words = torch.tensor([951, 3]), torch.randn(2, 7, 384)
        with torch.no_grad():
            mean, _ = ours.encode(batch)
            torch.testing.assert_close(theirs.encode(batch).latent_dist.mean, mean, atol=1e-4, rtol=1e-4)
            torch.testing.assert_close(theirs.decode(mean).sample, ours.decode(mean), atol=1e-4, rtol=1e-3)
            # candle's GELU is the tanh form, diffusers' the exact one.
            theirs_now, ours_now = other(latents, steps, words).sample, net(latents, steps, words)
            torch.testing.assert_close(theirs_now, ours_now, atol=3e-3, rtol=0)


class Noise(unittest.TestCase):
    def test_a_velocity_gives_back_latents_and_noise(self):
        latents, noise, steps = torch.randn(3, 4, 2, 2), torch.randn(3, 4, 2, 2), torch.tensor([0, 400, 999])
        mixed, velocity = schedule.noisy(latents, noise, steps), schedule.velocity(latents, noise, steps)
        keep, add = schedule.parts(steps, latents)
        torch.testing.assert_close(keep * mixed - add * velocity, latents, atol=1e-5, rtol=0)
        torch.testing.assert_close(keep * velocity + add * mixed, noise, atol=1e-5, rtol=0)

    def test_stable_diffusions_signal_and_the_weights(self):
        signal = schedule.signal()
        self.assertAlmostEqual(float(signal[0]), 1 - 0.00085, places=6)
        self.assertAlmostEqual(float(signal[-1]), 0.00466, places=4)
        weights = schedule.weights(torch.tensor([0, 300, 999]))
        self.assertLess(float(weights[0]), float(weights[1]))
        self.assertLess(float(weights[2]), 0.01)

    def test_steps_of_a_batch_cover_everything(self):
        steps = schedule.spread_steps(10, torch.Generator().manual_seed(0))
        np.testing.assert_array_equal(steps.numpy() // 100, np.arange(10))

    def test_both_samplers_find_what_a_perfect_network_knows(self):
        clean = torch.randn(2, 4, 4, 4, generator=torch.Generator().manual_seed(1))
        words, empty = torch.ones(2, 3, 384), torch.zeros(2, 3, 384)

        def perfect(latents, steps, _):
            keep, add = schedule.parts(steps, latents)
            target = clean.repeat(2, 1, 1, 1)
            return (keep * (latents - keep * target) / add) - add * target

        for name, sampler in samplers.SAMPLERS.items():
            noise = torch.randn(2, 4, 4, 4, generator=torch.Generator().manual_seed(2))
            latents = samplers.sample(perfect, noise, words, empty, sampler(12), 3.0)
            self.assertLess(float((latents - clean).abs().max()), 0.1, name)

    def test_impossible_steps_are_refused(self):
        for count in (0, -1, 10_000):
            with self.assertRaisesRegex(ValueError, "choose from 1"):
                samplers.Ddim(count)

    @unittest.skipUnless(diffusers, "diffusers is not installed")
    def test_diffusers_schedulers_take_the_same_path(self):
        config = schedule.configuration()
        ddim, multistep = diffusers.DDIMScheduler, diffusers.DPMSolverMultistepScheduler
        for kind, ours in ((ddim, samplers.Ddim), (multistep, samplers.DpmSolver)):
            theirs = kind.from_config(config)
            theirs.set_timesteps(10)
            sampler = ours(10)
            self.assertEqual(theirs.timesteps.tolist(), sampler.steps)
            a = b = torch.randn(1, 4, 4, 4, generator=torch.Generator().manual_seed(5))
            for number, step in enumerate(theirs.timesteps):
                a = theirs.step(torch.sin(3 * a), step, a).prev_sample
                b = sampler.step(number, b, torch.sin(3 * b))
            torch.testing.assert_close(a, b, atol=1e-4, rtol=0)


class Words(unittest.TestCase):
    def test_short_forms_name_the_kind_and_the_region(self):
        caption = "Axial computed tomography of the liver. Comparison with MRI of the chest."
        self.assertEqual(captions.short_forms("roco", "", "unknown", caption), ["CT of the abdomen.", "Abdomen CT."])
        self.assertEqual(captions.short_forms("roco", "", "x-ray", "Frontal chest view.")[1], "Chest x-ray.")
        self.assertEqual(captions.short_forms("roco", "", "unknown", "Gross specimen."), [])
        self.assertEqual(captions.short_forms("bone-fracture", "wrist fracture", "x-ray", "")[0], "X-ray of the wrist.")

    def test_ct_in_a_word_is_not_a_ct(self):
        self.assertEqual(captions.first_named(captions.MODALITIES, "Structure of the tract."), "")

    def test_zeros_follow_a_text(self):
        padded = captions.pad([np.ones((3, 384), np.float16), np.ones((captions.TOKENS, 384), np.float16)])
        self.assertEqual(tuple(padded.shape), (2, captions.TOKENS, 384))
        np.testing.assert_array_equal(padded[:, :, 0].sum(1).numpy(), [3, captions.TOKENS])

    def words(self):
        words = captions.Words.__new__(captions.Words)
        words.long, words.short = [[1, 2], [2]], [[3], []]
        words.states = np.repeat(np.arange(4, dtype=np.float16)[:, None], 384, 1)
        words.begins, words.place = np.arange(5), {"a": 1}
        return words

    def test_dropped_words_are_those_of_the_empty_text(self):
        words, random = self.words(), np.random.default_rng(0)
        self.assertEqual(float(words.draw([0, 1, 0], 1.0, random).abs().max()), 0.0)
        drawn = {float(words.draw([0], 0.0, random)[0, 0, 0]) for _ in range(60)}
        self.assertEqual(drawn, {1.0, 2.0, 3.0})

    def test_an_unknown_prompt_is_refused(self):
        with self.assertRaisesRegex(ValueError, "not encoded"):
            self.words().number("b")


class Pictures(unittest.TestCase):
    def test_sides_stay_where_they_matter(self):
        pixels = np.zeros((pictures.SQUARE, pictures.SQUARE, 3), np.uint8)
        pixels[:, : pictures.SQUARE // 2] = 255
        skin = row("ham10000")
        for chest in (row("mednist"), row("roco", mirror=True)):
            for seed in range(12):
                part = pictures.varied(pixels, chest, np.random.default_rng(seed))
                self.assertTrue(part[:, 0].all() and not part[:, -1].any())
        turned = {bool(pictures.varied(pixels, skin, np.random.default_rng(seed))[:, 0].all()) for seed in range(12)}
        self.assertEqual(turned, {True, False})

    def test_scaling_keeps_black_and_white(self):
        pixels = np.zeros((1, 160, 160, 3), np.uint8)
        pixels[:, :80] = 255
        values = pictures.scaled(pixels, 128)
        self.assertEqual((tuple(values.shape), float(values.min()), float(values.max())), ((1, 3, 128, 128), -1, 1))

    def test_crops_are_repeated_by_their_seed(self):
        squares = np.random.default_rng(0).integers(0, 255, (3, 160, 160, 3), np.uint8)
        first, again = (pictures.crops(squares, [0, 2], 64, 128, np.random.default_rng(4)) for _ in range(2))
        torch.testing.assert_close(first, again)
        self.assertEqual(tuple(first.shape), (2, 3, 64, 64))

    def test_dev_pictures_are_never_drawn_and_sets_have_their_shares(self):
        rows = [row("roco"), row("roco", dev=True), row("busi"), row("busi")]
        np.testing.assert_allclose(pictures.shares(rows, {"roco": 0.5, "busi": 0.5}), [0.5, 0, 0.25, 0.25])
        with self.assertRaisesRegex(ValueError, "no rows"):
            pictures.shares(rows, {"vqa-rad": 1.0})

    def test_a_sheet_has_every_picture(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "sheet.png"
            sheet.save(path, torch.zeros(5, 3, 32, 32), ["a long prompt " * 9] * 5, 3)
            self.assertGreater(path.stat().st_size, 200)


class Line(progress.Stage):
    """Fits a line, to try the running of a stage."""

    name = "line"

    def __init__(self, work: Path, log, bad: int = -1):
        torch.manual_seed(0)
        arguments = types.SimpleNamespace(work=work, minutes=60.0, device="cpu")
        super().__init__(torch.nn.Linear(1, 1), 0.05, 0.9, 12, arguments, log)
        self.bad = bad

    def one(self):
        _, generator = progress.draws(7, 9, self.step)
        values = torch.randn(8, 1, generator=generator)
        loss = (self.network(values) - 3 * values).square().mean()
        self.descend(loss * float("nan") if self.step == self.bad else loss, progress.rate(self.step, 12, 2, 6))
        return {"loss": float(loss.detach())}


class Running(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.work = Path(self.folder.name)
        self.lines = []

    def tearDown(self):
        self.folder.cleanup()

    def test_a_resumed_run_is_the_run_that_was_never_stopped(self):
        never = types.SimpleNamespace(asked=False)
        whole = Line(self.work, self.lines.append)
        self.assertTrue(whole.run(never, 5))
        (self.work / "line-checkpoint.pt").unlink()
        first = Line(self.work, self.lines.append)
        for _ in range(5):
            first.one()
        first.save()
        second = Line(self.work, self.lines.append)
        second.resume()
        self.assertEqual(second.step, 5)
        second.run(never, 5)
        for name, value in whole.average.state.items():
            torch.testing.assert_close(second.average.state[name], value)

    def test_a_stopped_run_leaves_a_checkpoint(self):
        stage = Line(self.work, self.lines.append)
        self.assertFalse(stage.run(types.SimpleNamespace(asked=True), 5))
        self.assertTrue((self.work / "line-checkpoint.pt").exists())

    def test_a_loss_that_is_no_number_is_left_out(self):
        stage = Line(self.work, self.lines.append, bad=3)
        stage.run(types.SimpleNamespace(asked=False), 5)
        self.assertTrue(torch.isfinite(stage.network.weight).all())
        self.assertTrue(any("left out" in line for line in self.lines))

    def test_the_rate_rises_stays_and_falls(self):
        rates = [progress.rate(step, 100, 10, 40) for step in (0, 9, 59, 80, 100)]
        np.testing.assert_allclose(rates, [0.1, 1.0, 1.0, 0.5, 0.0], atol=0.03)

    def test_an_unfinished_file_is_not_taken_for_a_checkpoint(self):
        progress.save(self.work / "a.pt", {"step": 1})
        (self.work / "a.part").write_bytes(b"torn")
        self.assertEqual(progress.load(self.work / "a.pt"), {"step": 1})

    def test_recipes(self):
        self.assertEqual(train.recipe("starter").size % 8, 0)
        with self.assertRaisesRegex(ValueError, "no recipe"):
            train.recipe("nothing")
        train.check_recipe(self.work, train.recipe("smoke"))
        with self.assertRaisesRegex(ValueError, "another recipe"):
            train.check_recipe(self.work, train.recipe("starter"))


class Learning(unittest.TestCase):
    def test_some_steps_lower_both_losses(self):
        torch.manual_seed(0)
        network = autoencoder.Autoencoder([32, 32], 1)
        network.start_small()
        recipe = types.SimpleNamespace(perceptual=0.0, divergence=1e-3)
        batch = torch.rand(2, 3, 1, 1).expand(2, 3, 16, 16) * 2 - 1
        optimiser = torch.optim.AdamW(network.parameters(), 2e-3)
        seen = []
        for number in range(15):
            _, generator = progress.draws(1, 1, number)
            parts = losses(network, lambda a, b: (a - b).square().mean(), batch, recipe, generator)
            optimiser.zero_grad()
            parts["loss"].backward()
            optimiser.step()
            seen.append(float(parts["absolute"].detach()))
        self.assertLess(seen[-1], 0.7 * seen[0])

        latents, words = torch.randn(4, 4, 8, 8), torch.randn(4, 5, 384)
        second = unet.Unet([32, 64], 1, [False, True])
        second.start_small()
        optimiser = torch.optim.AdamW(second.parameters(), 2e-3)
        noise, steps = torch.randn(4, 4, 8, 8), torch.tensor([100, 300, 500, 700])
        seen = []
        for _ in range(15):
            loss = schedule.loss(second, latents, noise, steps, words)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            seen.append(float(loss.detach()))
        self.assertLess(seen[-1], 0.8 * seen[0])


class Exporting(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.out = Path(self.folder.name)
        self.first = filled(autoencoder.Autoencoder([32, 32], 1)).state_dict()
        self.second = filled(unet.Unet([32, 64], 1, [False, True])).state_dict()

    def tearDown(self):
        self.folder.cleanup()

    def test_what_is_written_is_read_again(self):
        written = export.write_folder(self.out, TINY, self.first, self.second, None)
        self.assertLess(written, export.LIMIT)
        names = {str(path.relative_to(self.out)) for path in self.out.rglob("*.json")}
        wanted = {"model_index.json", "vae/config.json", "unet/config.json", "scheduler/scheduler_config.json"}
        self.assertLessEqual(wanted | {"text_encoder/config.json", "tokenizer/tokenizer_config.json"}, names)
        _, network = export.load(self.out)
        for name, value in network.state_dict().items():
            torch.testing.assert_close(value, self.second[name].half().float())

    def test_a_missing_tensor_is_named(self):
        del self.second["conv_out.bias"]
        export.write_folder(self.out, TINY, self.first, self.second, None)
        with self.assertRaisesRegex(ValueError, "conv_out.bias"):
            export.load(self.out)

    def test_what_halves_cannot_hold_is_refused(self):
        self.first["encoder.conv_in.bias"][0] = 1e6
        with self.assertRaisesRegex(ValueError, "encoder.conv_in.bias"):
            export.write_folder(self.out, TINY, self.first, self.second, None)


class Previews(unittest.TestCase):
    """Factors from latents to colours."""

    def test_sums_of_channels_are_found(self):
        latents, factors, offset = torch.randn(3, 4, 5, 6), torch.randn(4, 3), torch.randn(3)
        colours = torch.einsum("nchw,ck->nkhw", latents, factors) + offset[:, None, None]
        found = preview.fit(latents, colours)
        torch.testing.assert_close(torch.tensor(found["factors"]), factors, atol=1e-4, rtol=0)
        torch.testing.assert_close(torch.tensor(found["offset"]), offset, atol=1e-4, rtol=0)


class Shipping(unittest.TestCase):
    """Files, hashes and names, in copies of the manifest and of the list."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.out, self.models = Path(self.folder.name) / "out", Path(self.folder.name) / "models"
        first = filled(autoencoder.Autoencoder([32, 32], 1)).state_dict()
        second = filled(unet.Unet([32, 64], 1, [False, True])).state_dict()
        export.write_folder(self.out, TINY, first, second, None)
        for name in ("tokenizer/tokenizer.json", "preview.json", "known_pictures.safetensors"):
            (self.out / name).write_text("{}", encoding="utf-8")
        for name in ("manifests/starter.toml", "src/shipped.rs"):
            (self.models / name).parent.mkdir(parents=True, exist_ok=True)
            (self.models / name).write_bytes((ship.MODELS / name).read_bytes())

    def tearDown(self):
        self.folder.cleanup()

    def shipped(self) -> tuple[dict, str]:
        ship.ship(self.out, self.models, "tiny", 700)
        manifest = tomllib.loads((self.models / "manifests" / "starter.toml").read_text(encoding="utf-8"))
        return manifest, (self.models / "src" / "shipped.rs").read_text(encoding="utf-8")

    def test_the_manifest_names_every_file_with_its_hash_and_the_list_too(self):
        manifest, names = self.shipped()
        self.assertEqual((manifest["diffusion"]["name"], manifest["diffusion"]["size"]), ("tiny", 4))
        files = {file["path"]: file for file in manifest["file"]}
        self.assertIn("text-encoder/config.json", files, "what was there before stays")
        for file in ship.FILES:
            name = f"{ship.FOLDER}/{file}"
            content = (self.models / "weights" / name).read_bytes()
            self.assertEqual(files[name]["sha256"], hashlib.sha256(content).hexdigest())
            self.assertEqual(files[name]["size"], len(content))
            self.assertEqual(files[name]["sources"], [f"shipped:{name}"])
            self.assertEqual(names.count(f'"{name}"'), 1)
        self.assertIn('"image-encoder/model.safetensors"', names)

    def test_once_more_changes_nothing(self):
        self.assertEqual(self.shipped(), self.shipped())

    def test_a_file_that_was_not_made_is_named(self):
        (self.out / "preview.json").unlink()
        with self.assertRaisesRegex(FileNotFoundError, "preview.json"):
            self.shipped()


class Remembering(unittest.TestCase):
    def test_a_file_of_other_pictures_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder)
            remember.write(out, ["roco/a", "busi/b"], np.eye(2, 384, dtype=np.float32), np.zeros((2, 256), np.uint8))
            remember.check(out / remember.FILE, ["roco/a", "busi/b"])
            with self.assertRaisesRegex(ValueError, "other pictures"):
                remember.check(out / remember.FILE, ["roco/a"])

    def test_a_map_is_the_brightness_of_the_cells(self):
        picture = np.zeros((128, 128, 3), np.uint8)
        picture[:64] = 200
        cells = remember.brightness(picture).reshape(16, 16)
        self.assertTrue((cells[:7] == 200).all() and (cells[9:] == 0).all())


if __name__ == "__main__":
    unittest.main()
