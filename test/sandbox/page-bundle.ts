import { build, stop } from 'esbuild';

export interface PageBundles {
  host: string;
  home: string;
}

/** The sandbox's own pages as one script each; small enough to be made at every start (about 60 ms). */
export async function bundlePages(): Promise<PageBundles> {
  const bundle = async (name: 'host' | 'home') => {
    const { outputFiles } = await build({
      entryPoints: [`${import.meta.dirname}/${name}/page/main.ts`],
      bundle: true,
      write: false,
      format: 'esm',
      target: 'es2022',
      sourcemap: 'inline',
      logLevel: 'silent',
    });
    return outputFiles[0]?.text ?? '';
  };
  try {
    const [host, home] = await Promise.all([bundle('host'), bundle('home')]);
    return { host, home };
  } finally {
    await stop();
  }
}
