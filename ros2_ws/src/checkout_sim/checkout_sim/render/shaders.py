"""GLSL: one surface shader, one depth shader for shadows, one for heights, one that writes an id.

Colours are linear as squares of the stored values (gamma 2 stands in for sRGB: a multiplication instead of a power, and
the way there and back agree). The framebuffer's first row is the image's top row, so nothing is flipped on the way out.
"""

from __future__ import annotations

# The pinhole with Brown's radial distortion (k1, k2), as CameraInfo's plumb_bob has it, applied to vertices: masks,
# boxes and colours then agree to the pixel without a resampling step. Beyond the image the polynomial is held, so it
# cannot fold.
PROJECT = """
uniform mat4 view; uniform vec4 lens; uniform vec2 radial; uniform vec2 depth_range;
vec4 project(vec3 world){
  vec3 c = (view*vec4(world,1.)).xyz; float z = max(c.z,1e-4);
  vec2 x = c.xy/z; float r2 = min(dot(x,x),1.2); x *= 1.+radial.x*r2+radial.y*r2*r2;
  float n = depth_range.x, f = depth_range.y;
  return vec4((lens.xy*x+lens.zw)*z, (f+n)/(f-n)*z-2.*f*n/(f-n), z); }
"""

SURFACE_VERTEX = (
    '#version 330\n'
    + PROJECT
    + """
in vec3 position; in vec3 normal; in vec2 uv;
uniform mat4 model; uniform mat4 light_view; uniform vec3 uv_map; // scale, cos, sin
out vec3 wp; out vec3 wn; out vec2 tc; out vec3 lp;
void main(){
  vec4 w = model*vec4(position,1.); wp = w.xyz; wn = mat3(model)*normal;
  tc = uv_map.x*vec2(uv.x*uv_map.y-uv.y*uv_map.z, uv.x*uv_map.z+uv.y*uv_map.y);
  lp = (light_view*w).xyz*.5+.5; gl_Position = project(wp); }
"""
)

# Light from the key that reaches a point (percentage-closer soft shadows: near blockers give sharp edges, far ones
# soft) and light from all around (heights blurred at three scales: where the surroundings are higher than a point, it
# sees less sky).
LIGHT = """
uniform sampler2DShadow shadow; uniform sampler2D blockers; uniform sampler2D heights;
uniform vec2 penumbra; uniform vec4 occlusion;
float noise(vec2 p){ return fract(52.9829189*fract(dot(p,vec2(.06711056,.00583715)))); }
float lit(vec3 lp, float nl){
  vec3 q = vec3(lp.xy, lp.z-.0008-.0022*(1.-nl));
  // Directions are turned from sample to sample instead of computed: sine and cosine cost more than the texture.
  float a0 = 6.2832*noise(gl_FragCoord.xy), gap = 0., n = 0.; vec2 first = vec2(cos(a0),sin(a0)), way = first;
  int looks = nl>0. ? 4 : 0; // what faces away from the light is not lit
  for(int i=0;i<looks;i++){
    float b = textureLod(blockers, q.xy+penumbra.y*(.3+.2*float(i))*way, 0.).r; if(b<q.z){ gap += q.z-b; n += 1.; }
    way = vec2(-way.y,way.x); }
  // llvmpipe leaves a loop when no pixel of the block is in it, but always runs both sides of an if.
  float r = clamp(penumbra.x*gap/max(n,1.), .0011, penumbra.y), s = n>0. ? 0. : float(TAPS); int taps = n>0. ? TAPS : 0;
  way = first;
  for(int i=0;i<taps;i++){
    s += textureLod(shadow, vec3(q.xy+r*sqrt((float(i)+.5)/float(TAPS))*way, q.z), 0.);
    way = vec2(way.x*-.737369-way.y*.675490, way.x*.675490+way.y*-.737369); } // by the golden angle
  return s/float(TAPS); }
float open_sky(vec3 p, vec2 n){
  vec3 o = clamp((textureLod(heights, (p.xy+n*.007)*occlusion.xy+.5, 0.).rgb-p.z)*vec3(160.,52.,16.),0.,1.)*occlusion.z;
  return (1.-.5*o.x)*(1.-.42*o.y)*(1.-.38*o.z); }
"""

# The floor of the tray and the table are flat: their light is computed once into a map of the plane.
PLANE_VERTEX = """
#version 330
in vec2 corner; uniform vec2 cover; out vec2 xy; void main(){ xy = corner*cover*.5; gl_Position = vec4(corner,0.,1.); }
"""
PLANE_FRAGMENT = (
    '#version 330\n'
    + LIGHT
    + """
in vec2 xy; uniform mat4 light_view; uniform vec3 to_key; uniform vec4 tray; // half sizes, floor z, table z
out vec2 light;
void main(){ float inside = step(abs(xy.x),tray.x)*step(abs(xy.y),tray.y);
  vec3 p = vec3(xy, mix(tray.w,tray.z,inside));
  light = vec2(lit((light_view*vec4(p,1.)).xyz*.5+.5, to_key.z), open_sky(p,vec2(0.))); }
"""
)

SURFACE_FRAGMENT = (
    LIGHT
    + """
in vec3 wp; in vec3 wn; in vec2 tc; in vec3 lp;
uniform sampler2D atlas; uniform sampler2D plane; uniform vec2 plane_cover;
uniform vec3 eye; uniform vec3 to_key; uniform vec3 key; uniform vec3 to_fill; uniform vec3 fill;
uniform vec3 sky; uniform vec3 ground; uniform vec4 panel_a; uniform vec4 panel_b; uniform vec4 panel_shape;
uniform vec3 gain;
uniform vec3 material; uniform vec3 tint; uniform vec3 frame;
out vec4 colour;
vec3 tone(vec3 c){ return sqrt(clamp(c*(2.51*c+.03)/(c*(2.43*c+.59)+.14),0.,1.)); } // Narkowicz's fit of ACES
float panel(vec4 p, vec4 shape, vec3 R, float blur){
  if(R.z<.08) return 0.;
  vec2 h = (wp+R*((1.6-wp.z)/R.z)).xy-p.xy; h = vec2(h.x*shape.z-h.y*shape.w, h.x*shape.w+h.y*shape.z);
  vec2 e = 1.-smoothstep(shape.xy-blur, shape.xy+blur, abs(h)); return p.w*e.x*e.y; }
void main(){
  vec3 V = normalize(eye-wp);
#ifdef GROUND
  const vec3 N = vec3(0.,0.,1.); float nl = to_key.z;
  vec2 l = textureLod(plane, wp.xy*plane_cover+.5, 0.).rg; float s = l.x, ao = l.y;
#else
  vec3 N = normalize(wn); if(dot(N,V)<0.) N = -N;
  float nl = max(dot(N,to_key),0.), s = lit(lp,nl);
  float ao = open_sky(wp,N.xy);
#endif
  vec4 texel = texture(atlas,tc); vec3 albedo = texel.rgb*texel.rgb*tint; float nv = max(dot(N,V),.05);
  vec3 diffuse = albedo*(mix(ground,sky,N.z*.5+.5)*ao+key*nl*s+fill*max(dot(N,to_fill),0.)*ao);
  vec3 H = normalize(to_key+V); float nh = max(dot(N,H),0.), a = material.x*material.x, a2 = a*a+.004;
  float d = nh*nh*(a2-1.)+1., f5 = 1.-max(dot(H,V),0.), fresnel = .04+.96*f5*f5*f5*f5*f5;
  vec3 shine = key*(a2/(d*d))*fresnel*.25/max(nv,.12)*nl*s;
  vec3 R = reflect(-V,N); f5 = 1.-nv; float fv = .04+(.7-.6*material.x)*f5*f5*f5*f5*f5, blur = .04+.55*material.x;
  vec3 around = mix(ground,sky,smoothstep(-.35,.7,R.z))*(.35+.65*ao);
  around += (panel(panel_a,panel_shape,R,blur)+panel(panel_b,panel_shape.yxwz,R,blur))*key*ao;
  shine = material.y*(min(shine,vec3(3.))+fv*around*2.2);
  vec2 edge = frame.xy*gl_FragCoord.xy-1.; vec3 g = gain*(1.-frame.z*dot(edge,edge));
  vec3 whole = tone(g*(diffuse+shine));
#ifdef TRANSLUCENT
  // What is seen through stays; what is mirrored adds. Blending is (one, one minus alpha).
  vec3 base = tone(g*diffuse); colour = vec4((base*material.z+whole-base).bgr, material.z);
#else
  colour = vec4(whole.bgr, 1.);
#endif
}
"""
)

DEPTH_VERTEX = """
#version 330
in vec3 position; uniform mat4 model; uniform mat4 light_view;
void main(){ gl_Position = light_view*(model*vec4(position,1.)); }
"""
DEPTH_FRAGMENT = '#version 330\nvoid main(){}\n'

# A height map seen from straight above: the value is the height over the tray's floor.
HEIGHT_VERTEX = """
#version 330
in vec3 position; uniform mat4 model; uniform vec2 scale; out float z;
void main(){ vec4 w = model*vec4(position,1.); z = w.z; gl_Position = vec4(w.xy*scale*2., -w.z, 1.); }
"""
HEIGHT_FRAGMENT = '#version 330\nin float z; out float height; void main(){ height = z; }\n'

ID_VERTEX = (
    '#version 330\n'
    + PROJECT
    + """
in vec3 position; uniform mat4 model; void main(){ gl_Position = project((model*vec4(position,1.)).xyz); }
"""
)
ID_FRAGMENT = '#version 330\nuniform float id; out vec4 value; void main(){ value = vec4(id,0.,0.,1.); }\n'

# The print of one item without light, to compare it with that of a look-alike.
PRINT_VERTEX = (
    '#version 330\n'
    + PROJECT
    + """
in vec3 position; in vec2 uv; uniform mat4 model; out vec2 tc;
void main(){ tc = uv; gl_Position = project((model*vec4(position,1.)).xyz); }
"""
)
PRINT_FRAGMENT = (
    '#version 330\nin vec2 tc; uniform sampler2D atlas; out vec4 c; void main(){ c = texture(atlas,tc); }\n'
)
