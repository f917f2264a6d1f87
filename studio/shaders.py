"""GLSL sources of the renderer (OpenGL 4.3 core).

`kind` numbers a surface: 0 skin, 1 cloth and sets, 2 hair, 3 leaves, brows and lashes, 4 glossy.
"""

from __future__ import annotations

SCENE_VERTEX = """#version 430
in vec3 in_pos; in vec3 in_nrm; in vec2 in_uv; in vec4 in_bone; in vec4 in_share;
uniform mat4 bones[64]; uniform mat4 view_proj; uniform mat4 light_proj; uniform int skinned;
out vec3 wp; out vec3 wn; out vec2 uv; out vec4 lp;
void main() {
  vec4 p = vec4(in_pos, 1); vec3 n = in_nrm;
  if (skinned == 1) {
    mat4 m = bones[int(in_bone.x)] * in_share.x + bones[int(in_bone.y)] * in_share.y
           + bones[int(in_bone.z)] * in_share.z + bones[int(in_bone.w)] * in_share.w;
    p = m * p; n = mat3(m) * n;
  }
  wp = p.xyz; wn = n; uv = in_uv;
  lp = light_proj * vec4(p.xyz, 1); gl_Position = view_proj * vec4(p.xyz, 1);
}
"""

SCENE_FRAGMENT = """#version 430
in vec3 wp; in vec3 wn; in vec2 uv; in vec4 lp; out vec4 o;
uniform sampler2D tex; uniform sampler2D normal_tex; uniform sampler2D tex_b;
uniform sampler2DShadow shadow;
uniform vec3 eye; uniform vec3 sun; uniform vec3 sun_colour;
uniform vec3 sky_light; uniform vec3 floor_light; uniform vec3 fill_light;
uniform vec3 lamp; uniform vec3 lamp_colour;
uniform int kind; uniform int has_normal; uniform vec4 tint; uniform float rough;
uniform float emission; uniform float mix_b; uniform int cel; uniform float shadow_soft;
float hash(vec2 p) { return fract(sin(dot(p, vec2(12.9898, 78.233))) * 43758.5453); }
vec3 bent(vec3 n) {  // normal map without stored tangents
  vec3 dp1 = dFdx(wp), dp2 = dFdy(wp); vec2 d1 = dFdx(uv), d2 = dFdy(uv);
  vec3 p2 = cross(dp2, n), p1 = cross(n, dp1);
  vec3 t = p2 * d1.x + p1 * d2.x, b = p2 * d1.y + p1 * d2.y;
  float scale = inversesqrt(max(max(dot(t, t), dot(b, b)), 1e-12));
  vec3 m = texture(normal_tex, uv).xyz * 2. - 1.;
  return normalize(mat3(t * scale, b * scale, n) * vec3(m.xy * .8, m.z));
}
float lit() {
  vec3 c = lp.xyz / lp.w * .5 + .5;
  if (c.x < 0. || c.x > 1. || c.y < 0. || c.y > 1. || c.z > 1.) return 1.;
  float turn = hash(gl_FragCoord.xy) * 6.283, s = 0.;
  for (int i = 0; i < 6; i++) {
    float a = turn + i * 2.39996, r = sqrt((i + .5) / 6.) * shadow_soft;
    s += texture(shadow, vec3(c.xy + vec2(cos(a), sin(a)) * r / 2048., c.z - .0012));
  }
  return s / 6.;
}
void main() {
  vec4 t = texture(tex, uv);
  if (mix_b > 0.) t = mix(t, texture(tex_b, uv), mix_b);
  vec3 a = t.rgb; float alpha = t.a;
  if (kind == 2 || kind == 3) {
    float l = dot(a, vec3(.3, .6, .1)); a = mix(a, tint.rgb * (.35 + 1.5 * l), tint.a);
  } else a *= tint.rgb;
  if (kind == 2) alpha = smoothstep(.1, .75, alpha);
  if (alpha < .04) discard;
  a = pow(a, vec3(2.2));
  vec3 n = normalize(wn), v = normalize(eye - wp);
  if (!gl_FrontFacing) n = -n;
  if (has_normal == 1) n = bent(n);
  float s = lit(), nl = dot(n, sun); vec3 h = normalize(sun + v);
  if (cel == 1) {
    vec3 light = mix(vec3(.42, .42, .52), vec3(1.05), smoothstep(.0, .08, nl * s));
    o = vec4(a * light * .9 + a * emission, alpha);
    if (kind == 2) o.rgb += vec3(.25) * smoothstep(.93, .95, max(dot(n, h), 0.));
    return;
  }
  vec3 wrap = vec3(.35, .18, .12), diffuse;  // blood under the skin softens the edge of shade
  if (kind == 0) diffuse = sun_colour * s * clamp((vec3(nl) + wrap) / (1. + wrap), 0., 1.);
  else if (kind == 2) diffuse = sun_colour * s * clamp(nl * .6 + .4, 0., 1.) * .9;
  else diffuse = sun_colour * s * max(nl, 0.);
  vec3 to_lamp = lamp - wp; float d2 = dot(to_lamp, to_lamp);
  diffuse += lamp_colour / (1. + d2) * clamp(dot(n, to_lamp * inversesqrt(d2)) * .7 + .3, 0., 1.);
  vec3 ambient = mix(floor_light, sky_light, n.y * .5 + .5) + fill_light * max(dot(n, v), 0.) * .5;
  float power = mix(90., 6., rough);
  float shine = kind == 0 ? .035 : (kind == 2 ? .05 : (kind == 4 ? .35 : .03));
  float fresnel = pow(1. - max(dot(n, v), 0.), 5.);
  vec3 gloss = sun_colour * s * pow(max(dot(n, h), 0.), power) * shine * (power + 8.) / 8.
             * max(nl, 0.) + ambient * fresnel * .25 * (1. - rough);
  if (kind == 2) {
    float along = dot(n, h);
    gloss = sun_colour * s * .3 * sqrt(max(0., 1. - along * along)) * pow(max(along, 0.), 10.)
          * tint.rgb;
  }
  o = vec4(a * (diffuse + ambient) + gloss + a * emission, alpha);
}
"""

SHADOW_FRAGMENT = """#version 430
in vec3 wp; in vec3 wn; in vec2 uv; in vec4 lp; uniform sampler2D tex; uniform int kind;
void main() { if ((kind == 2 || kind == 3) && texture(tex, uv).a < .5) discard; }
"""

ID_FRAGMENT = """#version 430
in vec3 wp; in vec3 wn; in vec2 uv; in vec4 lp; uniform sampler2D tex; uniform int kind;
uniform float object_id; out float o;
void main() {
  if ((kind == 2 || kind == 3) && texture(tex, uv).a < .4) discard;
  o = object_id;
}
"""

FINISH_VERTEX = """#version 430
in vec2 in_p; out vec2 uv; void main() { uv = in_p * .5 + .5; gl_Position = vec4(in_p, 0, 1); }
"""

FINISH_FRAGMENT = """#version 430
in vec2 uv; out vec4 o;
uniform sampler2D colour; uniform sampler2D depth; uniform mat4 inverse_proj; uniform vec2 texel;
uniform float exposure; uniform vec3 gain; uniform int cel;
float hash(vec2 p) { return fract(sin(dot(p, vec2(12.9898, 78.233))) * 43758.5453); }
vec3 place(vec2 u) {
  vec4 p = inverse_proj * vec4(u * 2. - 1., texture(depth, u).r * 2. - 1., 1.); return p.xyz / p.w;
}
vec3 filmic(vec3 x) { return clamp((x * (2.51 * x + .03)) / (x * (2.43 * x + .59) + .14), 0., 1.); }
float open_sky(vec3 p) {  // screen-space ambient occlusion
  vec3 n = normalize(cross(dFdx(p), dFdy(p))); float turn = hash(gl_FragCoord.xy) * 6.283, sum = 0.;
  for (int i = 0; i < 12; i++) {
    float a = turn + i * 2.39996, r = .35 * sqrt((i + .5) / 12.);
    vec3 q = place(uv + vec2(cos(a), sin(a)) * r / max(-p.z, .3) * vec2(.78, 1.39)) - p;
    float d2 = dot(q, q); sum += max(0., dot(q, n) - .015) / (d2 + .02) * step(d2, .5);
  }
  return clamp(1. - sum * .055, .35, 1.);
}
float outline(vec3 p) {
  float z = -p.z, s = 0.;
  for (int i = 0; i < 4; i++) {
    vec2 d = vec2(i == 0 ? 1 : (i == 1 ? -1 : 0), i == 2 ? 1 : (i == 3 ? -1 : 0));
    s += -place(uv + d * texel * 1.3).z - z;
  }
  return smoothstep(.06, .16, abs(s) / z);
}
void main() {
  vec3 p = place(uv), c = texture(colour, uv).rgb * exposure * gain;
  if (cel == 1) {
    c = pow(clamp(c, 0., 1.), vec3(1. / 2.2)); c = mix(c, vec3(.05, .04, .06), outline(p) * .85);
  } else c = pow(filmic(c * open_sky(p)), vec3(1. / 2.2));
  o = vec4(c, 1);
}
"""
