"""The renderer: one context, models uploaded once, pictures of any look, camera and placing of items."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import moderngl
import numpy as np
from numpy.typing import NDArray

from checkout_sim.render.camera import FAR, NEAR, Camera
from checkout_sim.render.context import create_context
from checkout_sim.render.look import Look, Surface
from checkout_sim.render.textures import texture
from checkout_sim.render.uploads import Mesh, Uploaded, make_programs, upload_texture, write_matrix
from checkout_sim.shapes.parts import Model
from checkout_sim.world.geometry import look_at, pose_matrix
from checkout_sim.world.tray import INNER_X, INNER_Y, RIM_WIDTH, TABLE_Z, floor_mesh, plane_mesh, rim_mesh

F64 = NDArray[np.float64]
U8 = NDArray[np.uint8]

_SHADOW_SIZE = 1024
_SHADOW_HALF = 0.45  # m that the shadow map covers around the middle of the tray
_SHADOW_DEPTH = 1.4
_HEIGHT_SIZE = (192, 160)  # px
_HEIGHT_COVER = (0.768, 0.64)  # m: 4 mm a pixel
_PLANE_SIZE = (360, 288)  # px
_PLANE_COVER = (0.9, 0.72)  # m: 2.5 mm a pixel
_OPAQUE_SHADOW = 0.45  # translucent parts above this opacity cast a shadow
_MODELS_KEPT = 160
_SURFACES_KEPT = 192


@dataclass(frozen=True)
class Placed:
    """Hold a model and where it is in frame `tray` (m; quaternion wxyz)."""

    model: Model
    pos: F64
    quat: F64


class Renderer:
    """Draw trays. Not thread-safe: one instance a thread. Equal arguments give equal bytes on one machine."""

    def __init__(self, width: int, height: int, supersample: float = 1.5, threads: int = 0) -> None:
        self.width, self.height = width, height
        self.context = create_context(threads)
        c = self.context
        self._size = (round(width * supersample), round(height * supersample))
        self._programs = make_programs(c)
        corners = c.buffer(np.array([-1, -1, 1, -1, -1, 1, 1, 1], np.float32).tobytes())
        quad = [(corners, '2f', 'corner')]
        self._plane_quad = c.vertex_array(self._programs.plane, quad, mode=moderngl.TRIANGLE_STRIP)
        self._plane = c.texture(_PLANE_SIZE, 2, dtype='f4')
        self._plane.filter = (moderngl.LINEAR, moderngl.LINEAR)
        self._plane.repeat_x = self._plane.repeat_y = False
        self._plane_buffer = c.framebuffer([self._plane])
        self._print = c.framebuffer([c.renderbuffer((width, height), 3)], c.depth_renderbuffer((width, height)))
        self._colour = c.framebuffer([c.renderbuffer(self._size, 4)], c.depth_renderbuffer(self._size))
        self._ids = c.framebuffer([c.renderbuffer((width, height), 1)], c.depth_renderbuffer((width, height)))
        self._shadow = c.depth_texture((_SHADOW_SIZE, _SHADOW_SIZE))
        self._shadow_buffer = c.framebuffer(depth_attachment=self._shadow)
        self._compare = c.sampler(texture=self._shadow, filter=(moderngl.LINEAR, moderngl.LINEAR), compare_func='<=')
        self._plain = c.sampler(texture=self._shadow, filter=(moderngl.NEAREST, moderngl.NEAREST), compare_func='')
        self._height_buffer = c.framebuffer(
            [c.renderbuffer(_HEIGHT_SIZE, 1, dtype='f4')], c.depth_renderbuffer(_HEIGHT_SIZE)
        )
        self._heights = c.texture(_HEIGHT_SIZE, 4, dtype='f4')
        self._heights.filter = (moderngl.LINEAR, moderngl.LINEAR)
        self._heights.repeat_x = self._heights.repeat_y = False
        self._rim = Mesh(self._programs, *rim_mesh())
        self._floor = Mesh(self._programs, *floor_mesh())
        self._table = Mesh(self._programs, *plane_mesh(1.6, 1.6, 0.0, 40))
        self._models: OrderedDict[int, Uploaded] = OrderedDict()
        self._surfaces: OrderedDict[tuple[str, int], moderngl.Texture] = OrderedDict()

    def draw(self, items: Sequence[Placed], look: Look, camera: Camera) -> U8:
        """Return the picture (height, width, 3) BGR without blur and noise; the camera has the renderer's size."""
        self._use()
        uploaded = [self._model(item.model) for item in items]
        matrices = [pose_matrix(item.pos, item.quat) for item in items]
        self.context.enable_only(moderngl.DEPTH_TEST)
        light = self._draw_shadows(look, uploaded, matrices)
        self._draw_heights(look, uploaded, matrices)

        self._shadow.use(1)
        self._compare.use(1)
        self._shadow.use(2)
        self._plain.use(2)
        self._heights.use(3)
        self._draw_plane(look, light)
        self._colour.use()
        self._colour.clear(0.1, 0.1, 0.1, 1.0)
        self._plane.use(4)
        for program in (self._programs.opaque, self._programs.ground, self._programs.translucent):
            self._set_scene(program, look, camera, light)
        eye = camera.eye
        order = sorted(range(len(items)), key=lambda i: float(np.linalg.norm(items[i].pos - eye)))
        # Half of all pixels would be shaded for nothing without it. The rows run downwards, which turns the winding.
        self.context.front_face = 'cw'
        self.context.enable(moderngl.CULL_FACE)
        for i in order:
            self._draw_parts(uploaded[i], matrices[i], translucent=False)
        self.context.disable(moderngl.CULL_FACE)
        if look.tray:
            self._draw_surface(self._programs.opaque, self._rim.surface, look.tray_surface, 0.0)
            self._draw_surface(self._programs.ground, self._floor.ground, look.tray_surface, 0.0)
        self._draw_surface(self._programs.ground, self._table.ground, look.table, TABLE_Z if look.tray else 0.0)
        self._draw_translucent(uploaded, matrices, order)
        raw = np.frombuffer(self._colour.read(components=3, alignment=1), np.uint8)
        picture: U8 = raw.reshape(self._size[1], self._size[0], 3)
        if self._size != (self.width, self.height):
            picture = cv2.resize(picture, (self.width, self.height), interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
        return picture

    def ids(self, items: Sequence[Placed], camera: Camera, tray: bool = True) -> U8:
        """Return (height, width): 0 background, i + 1 where item i is the nearest. At most 255 items."""
        self._use()
        self.context.enable_only(moderngl.DEPTH_TEST)
        self._ids.use()
        self._ids.clear()
        self._set_camera(self._programs.ident, camera)
        for i, item in enumerate(items):
            self._draw_id(item, (i + 1) / 255.0)
        if tray:
            self._programs.ident['id'] = 0.0
            write_matrix(self._programs.ident, 'model', np.eye(4))
            self._rim.ident.render()
        return self._read_ids(self._ids.viewport)

    def alone(self, item: Placed, camera: Camera) -> tuple[int, tuple[int, int, int, int]]:
        """Draw one item alone; return its pixels and its box x0, y0, x1, y1 (half-open, may leave the image).

        The picture is shifted by whole pixels so that an item cut by the image's edge is measured whole. What is larger
        than the image, such as an arm, is measured in a smaller picture.
        """
        points = np.concatenate([p.vertices for p in item.model.parts]).astype(np.float64)
        matrix = pose_matrix(item.pos, item.quat)
        pixels = camera.project(points @ matrix[:3, :3].T + matrix[:3, 3])
        low = np.floor(pixels.min(0)).astype(int) - 2
        high = np.ceil(pixels.max(0)).astype(int) + 3
        size = high - low
        share = float(np.min((np.array([self.width, self.height]) - 6) / np.maximum(size, 1)))
        if share < 1.0 and np.any(size > (self.width, self.height)):
            return self._alone_smaller(item, camera, share)
        self._use()
        self.context.enable_only(0)
        window = (0, 0, int(size[0]), int(size[1]))
        self._ids.use()
        self._ids.scissor = window
        self._ids.clear()
        self._set_camera(self._programs.ident, camera, shift=(-int(low[0]), -int(low[1])))
        self._draw_id(item, 1.0)
        self._ids.scissor = None  # type: ignore[assignment]
        mask = self._read_ids(window) > 0
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        if not len(rows):
            return 0, (int(low[0]), int(low[1]), int(low[0]), int(low[1]))
        box = (
            int(low[0] + columns[0]),
            int(low[1] + rows[0]),
            int(low[0] + columns[-1] + 1),
            int(low[1] + rows[-1] + 1),
        )
        return int(np.count_nonzero(mask)), box

    def _alone_smaller(self, item: Placed, camera: Camera, share: float) -> tuple[int, tuple[int, int, int, int]]:
        centre = ((camera.cx + 0.5) * share - 0.5, (camera.cy + 0.5) * share - 0.5)
        pixels, box = self.alone(
            item, replace(camera, fx=camera.fx * share, fy=camera.fy * share, cx=centre[0], cy=centre[1])
        )
        corners = np.array(box) / share
        low, high = np.floor(corners[:2]).astype(int), np.ceil(corners[2:]).astype(int)
        return round(pixels / share**2), (int(low[0]), int(low[1]), int(high[0]), int(high[1]))

    def prints(self, item: Placed, look_alike: Model, camera: Camera) -> tuple[U8, U8]:
        """Return the item's bare print (H, W, 3), without light, and that of a look-alike on the same body."""
        self._use()
        self.context.enable_only(moderngl.DEPTH_TEST)
        self._set_camera(self._programs.prints, camera)
        write_matrix(self._programs.prints, 'model', pose_matrix(item.pos, item.quat))
        pictures = []
        for model in (item.model, look_alike):
            self._print.use()
            self._print.clear()
            self._model(model).atlas.use(0)
            for mesh in self._model(item.model).meshes:
                mesh.prints.render()
            raw = np.frombuffer(self._print.read(components=3, alignment=1), np.uint8)
            pictures.append(raw.reshape(self.height, self.width, 3))
        return pictures[0], pictures[1]

    def close(self) -> None:
        """Free the context."""
        self._use()
        self.context.release()

    def _use(self) -> None:
        """Make this renderer's context the current one; a process may hold several."""
        self.context.__enter__()  # type: ignore[no-untyped-call]

    def _model(self, model: Model) -> Uploaded:
        key = id(model)
        if key in self._models:
            self._models.move_to_end(key)
            return self._models[key]
        while len(self._models) >= _MODELS_KEPT:
            self._models.popitem(last=False)[1].release()
        self._models[key] = Uploaded(self._programs, model)
        return self._models[key]

    def _surface(self, surface: Surface) -> moderngl.Texture:
        key = (surface.kind, surface.number)
        if key in self._surfaces:
            self._surfaces.move_to_end(key)
            return self._surfaces[key]
        while len(self._surfaces) >= _SURFACES_KEPT:
            self._surfaces.popitem(last=False)[1].release()
        self._surfaces[key] = upload_texture(self.context, texture(*key), repeat=True)
        return self._surfaces[key]

    def _draw_shadows(self, look: Look, uploaded: list[Uploaded], matrices: list[F64]) -> F64:
        to_key = np.array(look.to_key)
        up = np.array([0.0, 0.0, 1.0]) if abs(to_key[2]) < 0.9 else np.array([0.0, 1.0, 0.0])
        scale = np.diag([1 / _SHADOW_HALF, 1 / _SHADOW_HALF, 2 / _SHADOW_DEPTH, 1.0])
        scale[2, 3] = -1.0
        light = scale @ look_at(to_key * 0.8, np.zeros(3), up)
        self._shadow_buffer.use()
        self._shadow_buffer.clear(depth=1.0)
        write_matrix(self._programs.depth, 'light_view', light)
        for model, matrix in zip(uploaded, matrices, strict=True):
            write_matrix(self._programs.depth, 'model', matrix)
            for mesh, part in zip(model.meshes, model.model.parts, strict=True):
                if part.material.opacity > _OPAQUE_SHADOW:
                    mesh.depth.render()
        if look.tray:
            write_matrix(self._programs.depth, 'model', np.eye(4))
            self._rim.depth.render()
        return light

    def _draw_heights(self, look: Look, uploaded: list[Uploaded], matrices: list[F64]) -> None:
        """Fill the map of blurred heights: where its surroundings are higher than a point, that point gets less sky."""
        self._height_buffer.use()
        self._height_buffer.clear()
        self._programs.height['scale'] = (1 / _HEIGHT_COVER[0], 1 / _HEIGHT_COVER[1])
        for model, matrix in zip(uploaded, matrices, strict=True):
            write_matrix(self._programs.height, 'model', matrix)
            for mesh, part in zip(model.meshes, model.model.parts, strict=True):
                if part.material.opacity > _OPAQUE_SHADOW:
                    mesh.height.render()
        if look.tray:
            write_matrix(self._programs.height, 'model', np.eye(4))
            self._rim.height.render()
        raw = np.frombuffer(self._height_buffer.read(components=1, dtype='f4'), np.float32)
        height = np.maximum(raw.reshape(_HEIGHT_SIZE[1], _HEIGHT_SIZE[0]), 0.0)
        blurred = np.zeros((*height.shape, 4), np.float32)
        for channel, sigma in enumerate((1.1, 3.2, 9.0)):  # 4.4, 13 and 36 mm
            blurred[..., channel] = cv2.GaussianBlur(height, (0, 0), sigma)
        self._heights.write(blurred.tobytes())

    def _set_camera(self, program: moderngl.Program, camera: Camera, shift: tuple[int, int] = (0, 0)) -> None:
        w, h = camera.width, camera.height
        write_matrix(program, 'view', camera.view)
        program['lens'] = (
            2 * camera.fx / w,
            2 * camera.fy / h,
            2 * (camera.cx + 0.5 + shift[0]) / w - 1,
            2 * (camera.cy + 0.5 + shift[1]) / h - 1,
        )
        program['radial'] = (camera.k1, camera.k2)
        program['depth_range'] = (NEAR, FAR)

    def _set_light(self, program: moderngl.Program, look: Look, light: F64) -> None:
        write_matrix(program, 'light_view', light)
        program['shadow'], program['blockers'], program['heights'] = 1, 2, 3
        reach = min(0.045, 0.13 * look.penumbra / (2 * _SHADOW_HALF) + 0.004)
        program['penumbra'] = (look.penumbra * _SHADOW_DEPTH / (2 * _SHADOW_HALF), reach)
        program['occlusion'] = (1 / _HEIGHT_COVER[0], 1 / _HEIGHT_COVER[1], look.occlusion, 0.0)

    def _set_scene(self, program: moderngl.Program, look: Look, camera: Camera, light: F64) -> None:
        self._set_camera(program, camera)
        program['atlas'] = 0
        program['eye'] = tuple(camera.eye)
        program['to_key'], program['key'] = look.to_key, look.key
        program['to_fill'], program['fill'] = look.to_fill, look.fill
        program['sky'], program['ground'], program['gain'] = look.sky, look.ground, look.gain
        program['panel_a'], program['panel_b'] = look.panels
        program['panel_shape'] = look.panel_shape
        program['frame'] = (2 / self._size[0], 2 / self._size[1], look.vignette)
        if program is self._programs.ground:
            program['plane'] = 4
            program['plane_cover'] = (1 / _PLANE_COVER[0], 1 / _PLANE_COVER[1])
        else:
            self._set_light(program, look, light)
            program['uv_map'] = (1.0, 1.0, 0.0)

    def _draw_parts(self, model: Uploaded, matrix: F64, translucent: bool) -> None:
        program = self._programs.translucent if translucent else self._programs.opaque
        write_matrix(program, 'model', matrix)
        model.atlas.use(0)
        for mesh, part in zip(model.meshes, model.model.parts, strict=True):
            m = part.material
            if (m.opacity < 1.0) != translucent:
                continue
            program['material'] = (max(m.roughness, 0.08), m.specular * 2.0, m.opacity)
            program['tint'] = m.tint
            (mesh.translucent if translucent else mesh.surface).render()

    def _draw_translucent(self, uploaded: list[Uploaded], matrices: list[F64], order: list[int]) -> None:
        self.context.enable(moderngl.BLEND)
        self.context.blend_func = moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA
        for i in reversed(order):
            if any(part.material.opacity < 1.0 for part in uploaded[i].model.parts):
                self._draw_parts(uploaded[i], matrices[i], translucent=True)
        self.context.disable(moderngl.BLEND)

    def _draw_plane(self, look: Look, light: F64) -> None:
        """Fill the map of the light on the plane: how much of the key arrives, how much of the sky is open."""
        program = self._programs.plane
        self.context.disable(moderngl.DEPTH_TEST)
        self._plane_buffer.use()
        self._set_light(program, look, light)
        program['cover'] = _PLANE_COVER
        program['to_key'] = look.to_key
        table = TABLE_Z if look.tray else 0.0
        program['tray'] = (INNER_X / 2 + RIM_WIDTH / 2, INNER_Y / 2 + RIM_WIDTH / 2, 0.0, table)
        self._plane_quad.render()
        # The few samples of each point are turned from point to point: neighbours together make a smooth shadow.
        raw = np.frombuffer(self._plane_buffer.read(components=2, dtype='f4'), np.float32)
        smooth = cv2.GaussianBlur(raw.reshape(_PLANE_SIZE[1], _PLANE_SIZE[0], 2), (5, 5), 0.9)
        self._plane.write(smooth.tobytes())
        self.context.enable(moderngl.DEPTH_TEST)

    def _draw_surface(self, program: moderngl.Program, array: moderngl.VertexArray, surface: Surface, z: float) -> None:
        matrix = np.eye(4)
        matrix[2, 3] = z
        write_matrix(program, 'model', matrix)
        program['uv_map'] = (surface.scale, float(np.cos(surface.turn)), float(np.sin(surface.turn)))
        program['material'] = (surface.roughness, surface.specular * 2.0, 1.0)
        program['tint'] = surface.tint
        self._surface(surface).use(0)
        array.render()

    def _draw_id(self, item: Placed, value: float) -> None:
        self._programs.ident['id'] = value
        write_matrix(self._programs.ident, 'model', pose_matrix(item.pos, item.quat))
        for mesh in self._model(item.model).meshes:
            mesh.ident.render()

    def _read_ids(self, window: tuple[int, int, int, int]) -> U8:
        raw = np.frombuffer(self._ids.read(viewport=window, components=1, alignment=1), np.uint8)
        return raw.reshape(window[3], window[2])
