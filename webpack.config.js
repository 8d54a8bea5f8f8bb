// Node runs this file and the contract without a build step, so the wire's addresses can be read here.
import { createRequire } from 'node:module';
import path from 'node:path';
import CopyPlugin from 'copy-webpack-plugin';
import { EsbuildPlugin } from 'esbuild-loader';
import MiniCssExtractPlugin from 'mini-css-extract-plugin';
import webpack from 'webpack';
import { routes } from './backend/contract/routes.ts';

const require = createRequire(import.meta.url);
const root = import.meta.dirname;

/** One entry per contribution: a page loads its own code and the shared parts, nothing of another page. */
const entry = Object.fromEntries(
  [
    'work-item-panel',
    'work-item-page',
    'work-item-observer',
    'ticket-menu',
    'ticket-dialog',
    'settings-hub',
  ].map((name) => [name, `./src/${name}/index.tsx`]),
);

/**
 * The browser needs only method and path of a route. Its zod schemas stay behind: they would add about 60 kB to every
 * page, and the types are checked when the code is compiled.
 */
const routeTable = Object.fromEntries(
  Object.entries(routes).map(([name, { method, path }]) => [name, { method, path }]),
);

/** @returns {import('webpack').Configuration} */
export default (_env, { mode }) => ({
  context: root,
  entry,
  output: { path: `${root}/dist/extension`, filename: '[name].js', clean: true, publicPath: '' },
  resolve: { extensions: ['.js'] },
  // Source maps would ship the sources with every install; they are for development only.
  devtool: mode === 'production' ? false : 'source-map',
  module: {
    rules: [
      { test: /\.tsx?$/, loader: 'esbuild-loader', options: { target: 'es2022', jsx: 'automatic' } },
      {
        test: /\.css$/,
        use: [MiniCssExtractPlugin.loader, { loader: 'css-loader', options: { url: false } }],
      },
      // The library's files import without extensions, and its barrels are free of side effects but for their css.
      { test: /azure-devops-ui.*\.js$/, resolve: { fullySpecified: false } },
    ],
  },
  plugins: [
    new MiniCssExtractPlugin({ filename: '[name].css', ignoreOrder: true }),
    new webpack.DefinePlugin({ __ROUTES__: JSON.stringify(routeTable) }),
    // The library draws icons with four fonts of 1.4 MB together. Its icon component is replaced by ours, which draws
    // the dozen that are used as inline SVG, and the font declarations are left out.
    new webpack.NormalModuleReplacementPlugin(/[\\/]Icon$/, (resource) => {
      const target = path.join(resource.context, resource.request);
      if (target.endsWith(path.join('azure-devops-ui', 'Components', 'Icon', 'Icon'))) {
        resource.request = `${root}/src/components/icon.tsx`;
      }
    }),
    // Promise, Object.assign and IntersectionObserver for Internet Explorer.
    new webpack.NormalModuleReplacementPlugin(/[\\/]CommonImports$/, `${root}/src/components/empty.css`),
    new CopyPlugin({
      patterns: [
        { from: 'static/html', to: '.' },
        // For `baseUri`, where a server offers dist/ as the package's root.
        { from: 'static/images', to: '../static/images' },
      ],
    }),
  ],
  optimization: {
    minimizer: [new EsbuildPlugin({ target: 'es2022', css: true, legalComments: 'inline' })],
    splitChunks: {
      // Fixed names, because the static pages list their scripts; the address already carries the version.
      cacheGroups: {
        default: false,
        defaultVendors: false,
        react: {
          name: 'react',
          chunks: 'initial',
          enforce: true,
          test: /node_modules[\\/](react|react-dom|scheduler)[\\/]/,
        },
        sdk: {
          name: 'sdk',
          chunks: 'initial',
          enforce: true,
          test: /node_modules[\\/]azure-devops-extension-sdk[\\/]/,
        },
      },
    },
  },
  performance: false,
  stats: 'errors-warnings',
});

// Fails with the reason when a peer is missing, instead of with a page of loader errors.
require.resolve('azure-devops-ui/Button');
