#include "foundation/sql/dialect.h"

#include <gtest/gtest.h>

namespace aloft::sql {
namespace {

// Types become PostgreSQL's, quoted text and names stay, SQLite's options go.
TEST(DialectTest, SchemaForPostgres) {
  EXPECT_EQ(TranslateSchema(Engine::kPostgres,
                            "CREATE TABLE t (a integer, text_b TEXT DEFAULT 'TEXT', \"REAL\" REAL, c BLOB) STRICT, "
                            "WITHOUT ROWID"),
            "CREATE TABLE t (a BIGINT, text_b TEXT COLLATE \"C\" DEFAULT 'TEXT', \"REAL\" DOUBLE PRECISION, c BYTEA)");
  EXPECT_EQ(TranslateSchema(Engine::kPostgres, "ALTER TABLE t ADD COLUMN d INTEGER"),
            "ALTER TABLE t ADD COLUMN d BIGINT");
  EXPECT_EQ(TranslateSchema(Engine::kPostgres, "UPDATE t SET a = CAST(b AS INTEGER)"),
            "UPDATE t SET a = CAST(b AS INTEGER)");
}

// On SQLite every table is STRICT, so that a wrong type fails there too.
TEST(DialectTest, SchemaForSqlite) {
  EXPECT_EQ(TranslateSchema(Engine::kSqlite, "CREATE TABLE t (a INTEGER)"), "CREATE TABLE t (a INTEGER) STRICT");
  EXPECT_EQ(TranslateSchema(Engine::kSqlite, "CREATE TABLE t (a INTEGER) WITHOUT ROWID"),
            "CREATE TABLE t (a INTEGER) WITHOUT ROWID, STRICT");
  EXPECT_EQ(TranslateSchema(Engine::kSqlite, "CREATE TABLE t (a INTEGER) STRICT"), "CREATE TABLE t (a INTEGER) STRICT");
}

// Parameters are counted outside quotes, by their greatest number; a repeated one counts once.
TEST(DialectTest, ParametersAreCounted) {
  EXPECT_TRUE(CheckPortable("SELECT $1, $2, $1, '$9 ?', \"$8\"", 2).ok());
  EXPECT_FALSE(CheckPortable("SELECT $1, $2", 1).ok());
  EXPECT_FALSE(CheckPortable("SELECT $1", 2).ok());
  EXPECT_FALSE(CheckPortable("SELECT ?", 0).ok());
  EXPECT_TRUE(CheckPortable("CREATE FUNCTION f() AS $$ BEGIN END $$", 0).ok());
}

// Statements that only SQLite takes are refused wherever they are tested.
TEST(DialectTest, OnlyCommonStatements) {
  EXPECT_FALSE(CheckPortable("  insert or ignore INTO t VALUES (1)", 0).ok());
  EXPECT_FALSE(CheckPortable("REPLACE INTO t VALUES (1)", 0).ok());
  EXPECT_TRUE(CheckPortable("INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING", 0).ok());
}

}  // namespace
}  // namespace aloft::sql
