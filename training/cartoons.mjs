// Draws cartoon people, heads and animals of vector sets: node cartoons.mjs OUTPUT COUNT
// Run in a folder whose node_modules hold the packages of training/cartoons.py.
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [output, count] = [process.argv[2], Number(process.argv[3])];
const from = createRequire(path.join(process.cwd(), "package.json"));
const load = (name) => import(pathToFileURL(from.resolve(name)));
const { Resvg } = await load("@resvg/resvg-js");
const { createAvatar } = await load("@dicebear/core");

const WIDTH_PX = 420;
const BUSTS = ["avataaars", "personas", "open-peeps", "adventurer", "notionists", "big-ears", "miniavs", "lorelei"];
const HEADS = ["toon-head", "micah"];
const EMOJI = ["fluent-emoji", "fluent-emoji-flat", "openmoji", "twemoji", "noto"];
const PERSON = new RegExp(
  "^(man|woman|person|boy|girl|child|adult|baby|older|old|prince|princess|guard|police|detective|ninja|" +
  "construction|artist|astronaut|cook|farmer|firefighter|judge|mechanic|pilot|scientist|singer|student|" +
  "teacher|technologist|mage|elf|fairy|genie|vampire|zombie|superhero|supervillain|santa|mrs|mx|merperson|" +
  "factory|office|health|deaf|ballet|mermaid|troll|women|men)(-|$)");
const SEVERAL =
  /holding-hands|couple|kiss|famil|wrestl|hand-?s?$|finger|ears|selfie|people|feeding|bath|bed|row|bik|surf|horse|golf|mountain|swim|polo|juggl|cartwheel|skier|snowboard|symbol|room|pictogram|heart|wheelchair|service|bust|silhouette|footprint|speaking|lev|massage|haircut|water|handball|fencer|climb|steam|facepalm-|lifting|bouncing|angel|bottle|palette|chick|shoes|building|-car$|-key$|with-dog|factory$|^construction$/;
const ANIMAL = new RegExp(
  "^(black-cat|cat|dog|guide-dog|service-dog|poodle|horse|rabbit|fox|bear|polar-bear|panda|tiger|leopard|lion|" +
  "monkey|gorilla|orangutan|wolf|cow|ox|water-buffalo|pig|boar|ram|ewe|goat|camel|two-hump-camel|llama|" +
  "giraffe|elephant|rhinoceros|hippopotamus|mouse|rat|hamster|chipmunk|beaver|hedgehog|koala|sloth|otter|" +
  "skunk|kangaroo|badger|penguin|owl|dragon|deer|zebra|bison|mammoth|moose|donkey|raccoon|unicorn)(-face)?$");

const draw = (svg, kind, name) => {
  const folder = path.join(output, kind);
  fs.mkdirSync(folder, { recursive: true });
  const png = new Resvg(svg, { fitTo: { mode: "width", value: WIDTH_PX } }).render().asPng();
  fs.writeFileSync(path.join(folder, `${name}.png`), png);
};

for (const [kind, styles] of [["busts", BUSTS], ["heads", HEADS]]) {
  for (const style of styles) {
    const made = await load(`@dicebear/${style}`);
    for (let seed = 0; seed < count; seed++) {
      const svg = createAvatar(made, { seed: `${style}${seed}`, backgroundColor: ["transparent"] }).toString();
      draw(svg, kind, `${style}-${String(seed).padStart(4, "0")}`);
    }
  }
}
for (const set of EMOJI) {
  const root = path.dirname(from.resolve(`@iconify-json/${set}/icons.json`));
  const { icons, width = 32, height = 32 } = JSON.parse(fs.readFileSync(path.join(root, "icons.json")));
  for (const [name, icon] of Object.entries(icons)) {
    const kind = ANIMAL.test(name) ? "animals" : PERSON.test(name) && !SEVERAL.test(name) ? "people" : null;
    if (kind === null) continue;
    const size = [icon.left ?? 0, icon.top ?? 0, icon.width ?? width, icon.height ?? height];
    draw(`<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ` +
      `viewBox="${size.join(" ")}">${icon.body}</svg>`, kind, `${set}-${name}`);
  }
}
