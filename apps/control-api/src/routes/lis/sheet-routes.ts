import type { Readable } from "node:stream";
import { Type } from "typebox";
import { failureStatus, sendFailure } from "../../problem.ts";
import type { ControlServices } from "../../services.ts";
import type { TypedApp } from "../../typed-app.ts";
import { ImportReport } from "./schemas.ts";
import { exportSheet, importSheet } from "./sheets.ts";

const tags = ["locations"];

/** Largest sheet: a million rows of an ordinary address are about half of it. */
const MAX_SHEET_OCTETS = 256 * 1024 * 1024;

/** Sheets in and out. In an instance of its own: a sheet is read as it comes, not kept. */
export function sheetRoutes(app: TypedApp, { locations }: ControlServices): void {
  app.addContentTypeParser("text/csv", { bodyLimit: MAX_SHEET_OCTETS }, (_request, payload, done) =>
    done(null, payload),
  );
  app.post<{ Body: Readable; Querystring: { mode: "replace" | "merge" } }>(
    "/v1/lis/draft/import",
    {
      bodyLimit: MAX_SHEET_OCTETS,
      schema: {
        tags,
        summary: "Reads a sheet (text/csv) into the draft",
        description:
          "`replace`: the sheet becomes the draft, or with any error nothing changes (422). `merge`: rows are added or replaced, lines with errors are left out.",
        consumes: ["text/csv"],
        querystring: Type.Object({
          mode: Type.Union([Type.Literal("replace"), Type.Literal("merge")], { default: "merge" }),
        }),
        response: { 200: ImportReport, 422: ImportReport, ...failureStatus },
      },
    },
    async (request, reply) => {
      const imported = await importSheet(locations, request.body, request.query.mode);
      if (!imported.ok) return sendFailure(reply, imported.error);
      const { applied, rows, errors } = imported.value;
      request.log.info(
        { caller: request.caller, mode: request.query.mode, applied, rows, errors },
        "location sheet read",
      );
      return reply.code(applied ? 200 : 422).send({ ...imported.value, issues: [...imported.value.issues] });
    },
  );
  for (const edition of ["draft", "published"] as const) {
    app.get(
      `/v1/lis/${edition}/export`,
      {
        schema: {
          tags,
          summary: `The ${edition === "draft" ? "draft" : "published edition"} as a sheet`,
          response: { 200: Type.Unsafe<Readable>({ description: "text/csv" }), ...failureStatus },
        },
      },
      async (_request, reply) => {
        void reply.header("content-disposition", `attachment; filename="locations-${edition}.csv"`);
        return reply.type("text/csv; charset=utf-8").send(exportSheet(locations, edition));
      },
    );
  }
}
