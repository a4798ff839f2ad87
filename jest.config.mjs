/** One configuration for every test; `npm test` gives it the servers, a bare `npx jest` starts its own. */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/libs', '<rootDir>/services', '<rootDir>/tools', '<rootDir>/bench', '<rootDir>/faults'],
  testMatch: ['**/src/**/*.spec.ts', '**/test/**/*.spec.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  modulePathIgnorePatterns: ['<rootDir>/\\.regulars/', '<rootDir>/\\.nx/'],
  transformIgnorePatterns: ['/node_modules/', '/dist/'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2023',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
        },
        module: { type: 'es6' },
      },
    ],
  },
  // A failed expectation that holds a bigint cannot be reported from a child process.
  workerThreads: true,
  maxWorkers: 2,
  testTimeout: 600_000,
  globalSetup: '<rootDir>/tools/dist/test-servers.js',
  globalTeardown: '<rootDir>/tools/dist/test-servers-stop.js',
};
