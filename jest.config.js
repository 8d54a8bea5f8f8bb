// swc strips the types and turns ESM into CommonJS, because Jest's module registry speaks that without flags;
// the listed packages ship ESM only and are turned the same way.
const esmOnly = [
  'jose',
  'marked',
  'azure-devops-extension-sdk',
  'azure-devops-extension-api',
  'azure-devops-ui',
  '@seriousme/openapi-schema-validator',
];

export default {
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: [],
  transform: {
    '^.+\\.(ts|tsx|js|mjs)$': [
      '@swc/jest',
      {
        jsc: { target: 'es2024', parser: { syntax: 'typescript', tsx: true } },
        module: { type: 'commonjs' },
      },
    ],
  },
  transformIgnorePatterns: [`/node_modules/(?!(${esmOnly.join('|')})/)`],
  testTimeout: 60_000,
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  // Two cores: more workers only make the real PostgreSQL and Chromium wait for each other.
  maxWorkers: 2,
};
