import { type UnzipFileInfo, unzipSync } from 'fflate';

export interface PackagePart {
  name: string;
  bytes: number;
  packedBytes: number;
}

interface Manifest {
  contributions: { id: string; properties?: Record<string, unknown> }[];
  baseUri?: string;
}

const maxFontBytes = 20_000;

/** Opens a .vsix and names everything that would be missing or too much in an organisation that installs it. */
export function checkPackage(vsix: Uint8Array, allowed = { sourceMaps: false }) {
  const parts: PackagePart[] = [];
  const files = unzipSync(vsix, {
    filter: (file: UnzipFileInfo) => {
      parts.push({ name: file.name, bytes: file.originalSize, packedBytes: file.size });
      return true;
    },
  });
  const textOf = (name: string) => new TextDecoder().decode(files[name] ?? new Uint8Array());
  const manifest = JSON.parse(textOf('extension.vsomanifest')) as Manifest;
  const assets = textOf('extension.vsixmanifest');
  const addressable = new Set(
    [...assets.matchAll(/<Asset [^>]*>/g)]
      .map(([asset]) => asset)
      .filter((asset) => /Addressable="true"/.test(asset))
      .map((asset) => /Path="([^"]+)"/.exec(asset)?.[1] ?? ''),
  );

  const problems: string[] = [];
  for (const { owner, path } of addressesOf(manifest)) {
    if (!files[path]) problems.push(`${owner} names ${path}, which is not in the package (case counts)`);
    else if (!addressable.has(path)) problems.push(`${owner} names ${path}, which is not addressable`);
  }
  for (const page of parts.filter(({ name }) => name.endsWith('.html'))) {
    for (const path of linkedFrom(page.name, textOf(page.name))) {
      if (!files[path]) problems.push(`${page.name} loads ${path}, which is not in the package`);
    }
    if (!textOf(page.name).includes('Content-Security-Policy')) problems.push(`${page.name} has no policy`);
  }
  for (const { name, bytes } of parts) {
    if (/\.(woff2?|ttf|eot|otf)$/.test(name) && bytes > maxFontBytes)
      problems.push(`${name} is a whole font`);
    if (name.endsWith('.map') && !allowed.sourceMaps) problems.push(`${name} ships sources`);
    if (name.endsWith('.css') && /url\(["']?data:font/.test(textOf(name)))
      problems.push(`${name} inlines a font`);
  }
  if (!/Type="Microsoft.VisualStudio.Services.Icons.Default"/.test(assets)) problems.push('no default icon');
  return { problems, parts: parts.toSorted((a, b) => b.packedBytes - a.packedBytes) };
}

/** Pages and icons that contributions name, without their query. */
function addressesOf(manifest: Manifest): { owner: string; path: string }[] {
  return manifest.contributions.flatMap(({ id, properties = {} }) => {
    const { uri, icon } = properties;
    const icons = typeof icon === 'object' && icon ? Object.values(icon) : [icon];
    return [uri, ...icons]
      .filter((path): path is string => typeof path === 'string')
      .map((path) => ({ owner: id, path: path.split('?')[0] ?? '' }));
  });
}

const linkedFrom = (page: string, html: string) =>
  [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = '']) => page.replace(/[^/]*$/, '') + path);
