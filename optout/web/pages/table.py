"""Every address of the page → its function."""

from __future__ import annotations

from optout.web.pages import check, compare, evidence, letters, results, statement, told, where, who

GET = {
    "/": who.first,
    "/who": who.show,
    "/where": where.show,
    "/check": check.show,
    "/results": results.show,
    "/results/list": results.show_list,
    "/results/groups": results.show_groups,
    "/results/thumb/{match_id}": compare.thumb,
    "/compare/{match_id}": compare.show,
    "/picture/mine/{match_id}": compare.my_picture,
    "/picture/theirs/{match_id}": compare.their_picture,
    "/told": told.show,
    "/told.zip": told.download,
    "/letters": letters.show,
    "/letters/all.zip": letters.download,
    "/letters/preview/{folder}": letters.preview,
    "/letters/file/{folder}/{name}": letters.one_file,
    "/letters/statement/{folder}": statement.show,
    "/evidence": evidence.show,
    "/evidence/pack/{name}": evidence.one,
    "/evidence/zip/{name}": evidence.download,
    "/report": letters.report,
}
POST = {
    "/who": who.save,
    "/where": where.save,
    "/where/add": where.add,
    "/check/start": check.start,
    "/check/stop": check.stop,
    "/decide": results.decide,
    "/compare/{match_id}/fetch": compare.fetch_theirs,
    "/letters": letters.write,
    "/letters/statement/{folder}": statement.make,
    "/evidence/start": evidence.start,
    "/evidence/stop": evidence.stop,
    "/evidence/pack/{name}": evidence.verify,
}
