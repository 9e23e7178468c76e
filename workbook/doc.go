// Package workbook turns a workbook (.xlsx) into a [floor.Forum] and a forum into a
// workbook.
//
// [Read] is strict where a mistake would reach the floor and lenient where it
// would not: columns are found by their names, in English, Korean or Chinese and
// in any order; full-width digits and Excel's own dates are understood; but an
// unknown id, a double booking or a misspelt column is a [Fault], and all faults
// of a workbook are answered at once, each with its sheet, row and column. With
// any fault there is no forum.
//
// [Write] makes a workbook that [Read] turns back into the same forum. It holds
// the plan, not the day: what the floor did with it since (presence, closed
// tables, cancelled meetings, delays) has no column.
//
// Nothing here reads a clock, a network or a file by itself; the calls block only
// on the reader or writer that they are given.
package workbook
