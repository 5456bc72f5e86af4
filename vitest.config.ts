import { defineConfig } from "vitest/config";

const resolve = { conditions: ["@tandem/source"] };
const ssr = { resolve: { conditions: ["@tandem/source", "node", "import", "module", "default"] } };

/** A worker refuses ordinary calls when its event loop or what comes to it is late by half a second. What another program takes of the machine is no load of calls, and no end-to-end test makes that load: test-e2e/load/overload.ts does. */
const NO_OVERLOAD = { TANDEM_MAX_LAG_MS: "20000", TANDEM_MAX_WAIT_MS: "20000" };

/** Whole clusters in processes of their own. */
const endToEnd = {
  env: NO_OVERLOAD,
  exclude: ["**/node_modules/**"],
  testTimeout: 240_000,
  hookTimeout: 240_000,
  fileParallelism: false,
};

export default defineConfig({
  resolve,
  ssr,
  test: {
    reporters: ["default"],
    projects: [
      {
        resolve,
        ssr,
        test: {
          name: "unit",
          include: ["{packages,apps}/*/{src,test}/**/*.test.ts", "helm/test/**/*.test.ts"],
          exclude: ["**/*.int.test.ts", "**/*.e2e.test.ts", "**/node_modules/**"],
          // Properties take some seconds of CPU, and a busy machine gives them a part of one.
          testTimeout: 60_000,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: "int",
          include: ["{packages,apps}/*/{src,test}/**/*.int.test.ts", "helm/test/**/*.int.test.ts"],
          exclude: ["**/node_modules/**"],
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: "e2e",
          include: ["{test-e2e/tests,helm/test}/**/*.e2e.test.ts"],
          ...endToEnd,
        },
      },
      {
        resolve,
        ssr,
        test: {
          // The core flows again with every pool fused: nothing above the SIP port may know.
          name: "e2e-fused",
          include: ["dialogs", "session-changes", "failover", "emergency"].map(
            (behaviour) => `test-e2e/tests/${behaviour}.e2e.test.ts`,
          ),
          ...endToEnd,
          env: { ...NO_OVERLOAD, TANDEM_E2E_ARRANGEMENT: "fused" },
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: "images",
          include: ["test-e2e/images/**/*.image.test.ts"],
          exclude: ["**/node_modules/**"],
          testTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
