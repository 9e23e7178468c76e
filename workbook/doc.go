// Package workbook reads a workbook (.xlsx) into a [floor.Forum] and writes a forum as a
// workbook. docs/WORKBOOK.md describes the sheets.
//
// [Read] is strict where a mistake would reach the floor, and lenient otherwise. Columns are
// found by name, in English, Korean or Chinese and in any order; full-width digits and
// Excel's own dates are accepted. An unknown id, a double booking or a misspelt column is a
// [Fault]. Read returns all faults of a workbook at once, each with its sheet, row and
// column, and then no forum.
//
// [Write] writes a workbook that [Read] turns back into the same forum. A workbook holds the
// plan, not the day: what happened since, such as presence, closed tables, cancelled
// meetings and delays, has no column.
//
// The package reads no clock, network or file by itself. Its functions block only on the
// reader or writer that they are given.
package workbook
