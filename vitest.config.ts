import { defineConfig } from "vitest/config";

const resolve = { conditions: ["@tandem/source"] };
const ssr = { resolve: { conditions: ["@tandem/source", "node", "import", "module", "default"] } };

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
          include: ["{packages,apps}/*/{src,test}/**/*.test.ts"],
          exclude: ["**/*.int.test.ts", "**/node_modules/**"],
          testTimeout: 20_000,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: "int",
          include: ["{packages,apps}/*/{src,test}/**/*.int.test.ts"],
          exclude: ["**/node_modules/**"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: "e2e",
          include: ["test-e2e/tests/**/*.e2e.test.ts"],
          exclude: ["**/node_modules/**"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          // Whole clusters on two shared cores: one more try tells a slow machine from a defect.
          retry: 1,
        },
      },
    ],
  },
});
