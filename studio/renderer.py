"""Draws one frame with OpenGL on EGL: picture, who is where, and who would be where.

Runs on Mesa's software renderer, so no graphics card is needed; the same input gives the same
bytes on one machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import moderngl
import numpy as np

from studio import shaders
from studio.character import Part, read_texture
from studio.errors import RendererUnavailableError
from studio.picture import Picture
from studio.stage import look_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from studio.character import Material, Texture
    from studio.mesh import Mesh
    from studio.picture import Actor, Lighting, Prop, RenderSettings
    from studio.stage import Lens, Vec3

    Floats = NDArray[np.float32]
    Image = NDArray[np.uint8]
    Mask = NDArray[np.bool_]

_ALPHA_TO_COVERAGE = 0x809E  # GL_SAMPLE_ALPHA_TO_COVERAGE: soft hair without sorting
_MAX_BONES = 64
_BACKEND: dict[str, Any] = {"backend": "egl"}


@dataclass(slots=True)
class _GpuMesh:
    shape: moderngl.Buffer
    buffers: tuple[moderngl.Buffer, ...]
    arrays: dict[str, moderngl.VertexArray]
    skinned: bool


class Renderer:
    """An OpenGL context and what has been uploaded to it. Use as a context manager.

    Raises:
        RendererUnavailableError: No EGL context can be made here.
    """

    def __init__(self, settings: RenderSettings) -> None:
        self.settings = settings
        try:
            self._gl = moderngl.create_context(standalone=True, **_BACKEND)
        # moderngl raises bare Exception when a driver is missing.
        except Exception as err:
            raise RendererUnavailableError(
                f"no OpenGL through EGL on this machine ({err})",
                hint="install a driver (Debian: apt-get install libegl1 libgl1-mesa-dri)",
            ) from err
        self._meshes: dict[int, _GpuMesh] = {}
        self._kept: dict[int, Any] = {}
        self._textures: dict[str, moderngl.Texture] = {}
        self._white = self._gl.texture((1, 1), 4, bytes([255] * 4))
        self._make_programs()
        self._make_targets()

    def __enter__(self) -> Renderer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the context back."""
        self._gl.release()

    def render(
        self,
        props: Sequence[Prop],
        actors: Sequence[Actor],
        lens: Lens,
        light: Lighting,
        *,
        gain: Vec3 = (1, 1, 1),
        cel: bool = False,
        grain_seed: int = 0,
        masks: bool = True,
    ) -> Picture:
        """Draw one frame.

        Args:
            props: The set.
            actors: Who is there; the order numbers them in `Picture.ids`.
            lens: The camera.
            light: The set's light.
            gain: Exposure factor per colour on top of the set's exposure.
            cel: Flat shading with outlines.
            grain_seed: Seed of the film grain, different for every frame.
            masks: Whether to draw who is where; without, `ids` is empty and `amodal` ().
        """
        # Another renderer of this process may have made its own context the current one.
        with self._gl:
            return self._render(
                props, actors, lens, light, gain=gain, cel=cel, grain_seed=grain_seed, masks=masks
            )

    def _render(
        self,
        props: Sequence[Prop],
        actors: Sequence[Actor],
        lens: Lens,
        light: Lighting,
        *,
        gain: Vec3,
        cel: bool,
        grain_seed: int,
        masks: bool,
    ) -> Picture:
        aspect = self.settings.width_px / self.settings.height_px
        projection = lens.projection(aspect)
        view_proj = projection @ lens.view()
        self._draw_shadows(props, actors, light)
        self._draw_colour(props, actors, lens, view_proj, light, cel=cel)
        rgb = self._finish(projection, light, gain, cel=cel)
        if not cel:
            rgb = self._film(rgb, projection, lens, grain_seed)
        ids, amodal = self._draw_ids(props, actors, view_proj) if masks else (_nobody(), ())
        return Picture(np.ascontiguousarray(rgb), ids, amodal)

    def forget(self, parts: Sequence[Part]) -> None:
        """Free the memory of a character that is not needed any more."""
        with self._gl:
            for part in parts:
                self._drop(part, part.texture, part.texture_b)

    def forget_props(self, props: Sequence[Prop]) -> None:
        """Free the memory of a set that is not needed any more."""
        with self._gl:
            for prop in props:
                self._drop(prop, prop.texture)

    def _drop(self, item: Prop | Part, *textures: Texture | None) -> None:
        held = self._meshes.pop(id(item), None)
        self._kept.pop(id(item), None)
        if held is not None:
            for array in held.arrays.values():
                array.release()
            for buffer in held.buffers:
                buffer.release()
        for texture in textures:
            # Painted textures belong to one character or set; files are shared.
            if texture is not None and texture.rgba is not None:
                gpu = self._textures.pop(texture.key, None)
                if gpu is not None:
                    gpu.release()

    def _make_programs(self) -> None:
        gl = self._gl

        def scene(fragment: str) -> moderngl.Program:
            return gl.program(vertex_shader=shaders.SCENE_VERTEX, fragment_shader=fragment)

        self._programs = {
            "colour": scene(shaders.SCENE_FRAGMENT),
            "shadow": scene(shaders.SHADOW_FRAGMENT),
            "id": scene(shaders.ID_FRAGMENT),
        }
        self._finisher = gl.program(
            vertex_shader=shaders.FINISH_VERTEX, fragment_shader=shaders.FINISH_FRAGMENT
        )
        corners = np.array([-1, -1, 1, -1, -1, 1, 1, 1], np.float32)
        self._screen = gl.vertex_array(self._finisher, [(gl.buffer(corners), "2f", "in_p")])

    def _make_targets(self) -> None:
        gl, s = self._gl, self.settings
        self._big = (int(s.width_px * s.supersample), int(s.height_px * s.supersample))
        size = (s.width_px, s.height_px)
        self._multi = gl.framebuffer(
            [gl.renderbuffer(self._big, 4, samples=s.samples, dtype="f2")],
            gl.depth_renderbuffer(self._big, samples=s.samples),
        )
        self._colour = gl.texture(self._big, 4, dtype="f2")
        self._depth = gl.depth_texture(self._big)
        self._depth.compare_func = ""  # sampled as a value, not compared
        self._resolved = gl.framebuffer([self._colour], self._depth)
        self._out = gl.framebuffer([gl.renderbuffer(self._big, 4)])
        self._who = gl.framebuffer(
            [gl.renderbuffer(size, 1, dtype="f1")], gl.depth_renderbuffer(size)
        )
        self._shadow_map = gl.depth_texture((s.shadow_px, s.shadow_px))
        self._shadow_map.compare_func = "<="
        self._shadow = gl.framebuffer(depth_attachment=self._shadow_map)

    def _draw_shadows(
        self, props: Sequence[Prop], actors: Sequence[Actor], light: Lighting
    ) -> None:
        self._light_proj = _sun_matrix(light)
        self._gl.enable(moderngl.DEPTH_TEST)
        self._gl.disable(moderngl.CULL_FACE | moderngl.BLEND)
        self._shadow.use()
        self._shadow.clear(depth=1.0)
        _set(self._programs["shadow"], view_proj=self._light_proj)
        self._draw("shadow", [p for p in props if p.material.casts_shadow], actors)

    def _draw_colour(
        self,
        props: Sequence[Prop],
        actors: Sequence[Actor],
        lens: Lens,
        view_proj: NDArray[np.float64],
        light: Lighting,
        *,
        cel: bool,
    ) -> None:
        sun = np.asarray(light.sun_to, float)
        self._multi.use()
        self._multi.clear(*light.backdrop, 1.0, depth=1.0)
        self._shadow_map.use(3)
        _set(
            self._programs["colour"],
            tex=0, normal_tex=1, tex_b=2, shadow=3,
            view_proj=view_proj, light_proj=self._light_proj, eye=tuple(lens.eye),
            sun=tuple(sun / np.linalg.norm(sun)), sun_colour=light.sun, sky_light=light.sky,
            floor_light=light.floor, fill_light=light.fill, lamp=light.lamp_at,
            lamp_colour=light.lamp, cel=int(cel), shadow_soft=light.shadow_soft,
        )  # fmt: skip
        if self.settings.samples:
            self._gl.enable_direct(_ALPHA_TO_COVERAGE)
        self._draw("colour", props, actors)
        if self.settings.samples:
            self._gl.disable_direct(_ALPHA_TO_COVERAGE)
        self._gl.copy_framebuffer(self._resolved, self._multi)

    def _finish(
        self, projection: NDArray[np.float64], light: Lighting, gain: Vec3, *, cel: bool
    ) -> Image:
        """Tone-map the linear picture and shrink it to its final size."""
        self._out.use()
        self._gl.disable(moderngl.DEPTH_TEST)
        self._colour.use(0)
        self._depth.use(1)
        width, height = self._big
        _set(
            self._finisher,
            colour=0, depth=1, inverse_proj=np.linalg.inv(projection),
            texel=(1 / width, 1 / height), exposure=light.exposure, gain=gain, cel=int(cel),
        )  # fmt: skip
        self._screen.render(moderngl.TRIANGLE_STRIP)
        pixels = np.frombuffer(self._out.read(components=3, alignment=1), np.uint8)
        rgb: Image = np.ascontiguousarray(pixels.reshape(height, width, 3)[::-1])
        size = (self.settings.width_px, self.settings.height_px)
        if self._big != size:
            rgb = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
        return rgb

    def _film(
        self, rgb: Image, projection: NDArray[np.float64], lens: Lens, grain_seed: int
    ) -> Image:
        """Add what a camera adds: depth of field, bloom, a grade, vignette and grain."""
        s = self.settings
        width, height = self._big
        depth = np.frombuffer(self._depth.read(alignment=1), np.float32).reshape(height, width)
        depth = cv2.resize(
            np.ascontiguousarray(depth[::-1]),
            (s.width_px, s.height_px),
            interpolation=cv2.INTER_NEAREST,
        )
        metres = projection[2, 3] / (depth * 2 - 1 + projection[2, 2])
        focus_m = float(np.linalg.norm(lens.at - lens.eye))
        blur = np.clip((np.abs(1 / np.maximum(metres, 0.1) - 1 / focus_m) - 0.12) * 4, 0, 0.85)
        blur = cv2.GaussianBlur(blur.astype(np.float32), (0, 0), 1.2)[..., None]
        picture = rgb.astype(np.float32)
        picture = picture * (1 - blur) + cv2.GaussianBlur(picture, (0, 0), 2.2) * blur
        picture += 0.5 * cv2.GaussianBlur(np.maximum(picture - 205, 0), (0, 0), 7)
        picture = (picture - 128) * 0.96 + 130
        grey = picture.mean(2, keepdims=True)
        picture = (grey + (picture - grey) * 0.9) * np.array((1.02, 1.0, 0.97), np.float32)
        rng = np.random.default_rng([grain_seed, 2])
        picture = picture * self._vignette()
        picture += rng.normal(0, 2.0, (s.height_px, s.width_px, 1)).astype(np.float32)
        film: Image = np.clip(picture, 0, 255).astype(np.uint8)
        return film

    def _vignette(self) -> Floats:
        s = self.settings
        y = np.arange(s.height_px, dtype=np.float32)[:, None] / s.height_px - 0.5
        x = np.arange(s.width_px, dtype=np.float32)[None] / s.width_px - 0.5
        shade: Floats = (1 - 0.36 * (x**2 + y**2))[..., None].astype(np.float32)
        return shade

    def _draw_ids(
        self, props: Sequence[Prop], actors: Sequence[Actor], view_proj: NDArray[np.float64]
    ) -> tuple[Image, tuple[Mask, ...]]:
        """Draw who is seen, then each actor alone. Depth-tested, without antialiasing."""
        self._gl.enable(moderngl.DEPTH_TEST)
        self._who.use()
        _set(self._programs["id"], view_proj=view_proj)
        self._who.clear(0, depth=1.0)
        self._draw("id", props, actors)
        ids = self._read_ids()
        amodal: list[Mask] = []
        for actor in actors:
            self._who.clear(0, depth=1.0)
            self._draw("id", (), [actor])
            amodal.append(self._read_ids() > 0)
        return ids, tuple(amodal)

    def _read_ids(self) -> Image:
        s = self.settings
        pixels = np.frombuffer(self._who.read(components=1, alignment=1), np.uint8)
        return pixels.reshape(s.height_px, s.width_px)[::-1].copy()

    def _draw(self, name: str, props: Sequence[Prop], actors: Sequence[Actor]) -> None:
        program = self._programs[name]
        for number, actor in enumerate(actors):
            bones = np.zeros((_MAX_BONES, 4, 4), np.float32)
            # GLSL wants columns.
            bones[: len(actor.bones)] = actor.bones.transpose(0, 2, 1)
            _set(program, bones=bones.tobytes())
            for part in actor.parts:
                self._draw_one(name, program, part, part.normal_map, part.material, number + 1)
        for prop in props:
            self._draw_one(name, program, prop, None, prop.material, 0)

    def _draw_one(
        self,
        name: str,
        program: moderngl.Program,
        item: Prop | Part,
        normal_map: Texture | None,
        material: Material,
        number: int,
    ) -> None:
        gpu = self._upload(item)
        _set(program, skinned=int(gpu.skinned), kind=material.kind, object_id=number / 255)
        self._texture(item.texture).use(0)
        if name == "colour":
            self._texture(normal_map).use(1)
            self._texture(getattr(item, "texture_b", None)).use(2)
            _set(
                program,
                has_normal=int(normal_map is not None), tint=material.tint,
                rough=material.rough, emission=material.emission, mix_b=material.mix,
            )  # fmt: skip
        gpu.arrays[name].render()

    def _upload(self, item: Prop | Part) -> _GpuMesh:
        key = id(item)
        if key not in self._meshes:
            self._meshes[key] = self._new_mesh(item.mesh)
            self._kept[key] = item  # keeps id(item) from being given to another object
        elif isinstance(item, Part) and item.dirty:
            self._meshes[key].shape.write(_interleave(item.mesh))
        if isinstance(item, Part):
            item.dirty = False
        return self._meshes[key]

    def _new_mesh(self, mesh: Mesh) -> _GpuMesh:
        gl = self._gl
        count = len(mesh.position)
        nothing = np.zeros((count, 4), np.float32)
        index = nothing if mesh.bone_index is None else mesh.bone_index
        weight = nothing if mesh.bone_weight is None else mesh.bone_weight
        shape = gl.buffer(_interleave(mesh))
        fixed = gl.buffer(np.hstack([mesh.uv, index, weight]).astype(np.float32).tobytes())
        elements = gl.buffer(mesh.triangles.astype(np.int32).tobytes())
        arrays = {}
        for name, program in self._programs.items():
            # A driver drops inputs that a pass does not use; skip their bytes.
            lit = "in_nrm" in program
            textured = "in_uv" in program
            shape_spec = (shape, "3f 3f" if lit else "3f 12x", "in_pos", *(["in_nrm"] * lit))
            fixed_spec = (
                fixed, "2f 4f 4f" if textured else "8x 4f 4f",
                *(["in_uv"] * textured), "in_bone", "in_share",
            )  # fmt: skip
            arrays[name] = gl.vertex_array(program, [shape_spec, fixed_spec], elements)
        return _GpuMesh(shape, (shape, fixed, elements), arrays, mesh.bone_index is not None)

    def _texture(self, texture: Texture | None) -> moderngl.Texture:
        if texture is None:
            return self._white
        if texture.key not in self._textures:
            pixels = np.ascontiguousarray(read_texture(texture)[::-1])
            height, width = pixels.shape[:2]
            gpu = self._gl.texture((width, height), 4, pixels.tobytes(), alignment=1)
            gpu.build_mipmaps()
            gpu.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
            self._textures[texture.key] = gpu
        return self._textures[texture.key]


def _interleave(mesh: Mesh) -> bytes:
    return np.hstack([mesh.position, mesh.normal]).astype(np.float32).tobytes()


def _nobody() -> Image:
    return np.zeros((0, 0), np.uint8)


def _set(program: moderngl.Program, **uniforms: Any) -> None:
    """Write uniforms by name; one a driver has dropped as unused is passed over."""
    for name, value in uniforms.items():
        if name not in program:
            continue
        uniform: Any = program[name]
        if isinstance(value, bytes):
            uniform.write(value)
        elif isinstance(value, np.ndarray):
            uniform.write(value.T.astype(np.float32).tobytes())
        else:
            uniform.value = value


def _sun_matrix(light: Lighting) -> NDArray[np.float64]:
    """Return the (4, 4) parallel projection along the sun over what it lights."""
    sun = np.asarray(light.sun_to, float)
    sun = sun / np.linalg.norm(sun)
    centre = np.asarray(light.centre, float)
    near, far = 0.1, 40.0
    projection = np.diag([1 / light.reach_m, 1 / light.reach_m, -2 / (far - near), 1.0])
    projection[2, 3] = -(far + near) / (far - near)
    up: Vec3 = (0, 0, 1) if abs(sun[1]) > 0.99 else (0, 1, 0)
    return projection @ look_at(centre + sun * 18, centre, up)
