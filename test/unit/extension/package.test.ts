import { strToU8, zipSync } from 'fflate';
import { checkPackage } from '../../../scripts/check-package.ts';

const asset = (path: string, type = path) =>
  `<Asset Type="${type}" d:Source="File" Path="${path}" Addressable="true" />`;
const page = '<meta http-equiv="Content-Security-Policy" content="x"><script src="a.js"></script>';

function packed({
  uri = 'extension/a.html',
  files = {},
}: {
  uri?: string;
  files?: Record<string, string | Uint8Array>;
} = {}): Uint8Array {
  const manifest = { contributions: [{ id: 'a', properties: { uri, icon: { light: 'static/i.png' } } }] };
  const parts: Record<string, string | Uint8Array> = {
    'extension.vsomanifest': JSON.stringify(manifest),
    'extension.vsixmanifest': [
      asset('extension/a.html'),
      asset('extension/a.js'),
      asset('static/i.png', 'Microsoft.VisualStudio.Services.Icons.Default'),
    ].join(''),
    'extension/a.html': page,
    'extension/a.js': '',
    'static/i.png': '',
    ...files,
  };
  return zipSync(
    Object.fromEntries(
      Object.entries(parts).map(([name, body]) => [name, typeof body === 'string' ? strToU8(body) : body]),
    ),
  );
}

describe('checking a package', () => {
  test('accepts a whole one, with a query on a page', () => {
    expect(checkPackage(packed({ uri: 'extension/a.html?view=create' })).problems).toEqual([]);
  });

  test.each([
    ['a page that is missing', packed({ uri: 'extension/b.html' }), /not in the package/],
    ['a page in other letters', packed({ uri: 'Extension/a.html' }), /not in the package/],
    [
      'a page that cannot be addressed',
      packed({ uri: 'extension/c.html', files: { 'extension/c.html': page } }),
      /not addressable/,
    ],
    [
      'a script that is missing',
      packed({ files: { 'extension/a.html': page.replace('a.js', 'z.js') } }),
      /loads extension\/z.js/,
    ],
    ['a page without a policy', packed({ files: { 'extension/a.html': '<p>' } }), /no policy/],
    ['a whole font', packed({ files: { 'extension/x.woff2': new Uint8Array(20_001) } }), /whole font/],
    [
      'an inlined font',
      packed({ files: { 'extension/x.css': 'a{src:url(data:font/woff2;base64,AA)}' } }),
      /inlines a font/,
    ],
    ['a source map', packed({ files: { 'extension/a.js.map': '{}' } }), /ships sources/],
  ])('finds %s', (_what, vsix, problem) => {
    expect(checkPackage(vsix).problems).toEqual([expect.stringMatching(problem)]);
  });
});
