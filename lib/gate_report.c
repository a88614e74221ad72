#include "gate_report.h"

#include <stdlib.h>

void gate_report_free(struct gate_report *report)
{
    free(report->missing);
    free(report->extra);
    report->missing = report->extra = NULL;
    report->missing_count = report->extra_count = 0;
}
