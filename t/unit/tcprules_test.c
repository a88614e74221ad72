/* Rules as a text, their variables, and which one holds for whom. */
#include "rulebook.h"
#include "tap.h"
#include "variables.h"

struct told {
    char text[512];
    size_t count, first;
};

static void tell(void *context, size_t line, const char *what)
{
    struct told *told = context;

    if (told->count++ == 0) {
        told->first = line;
        snprintf(told->text, sizeof told->text, "%s", what);
    }
}

static struct rulebook *read_rules(const char *text, struct told *told)
{
    struct rulebook *book = NULL;
    char *copy = strdup(text);

    *told = (struct told){.count = 0};
    rulebook_read_text(&book, copy, tell, told);
    free(copy);
    return book;
}

static const char examples[] = "# comment\n"
                               "\n"
                               "joe@127.0.0.1:deny,N=\"joe\"\n"
                               "ann@=pc.example.org:allow,N=\"ann\"\n"
                               "18.23.0.32:allow,N=\"host\"\n"
                               "=pc.example.org:allow,N=\"name\"\n"
                               "127.:allow,N=\"net\"\n"
                               "10.2-3.:allow,N=\"range\"\n"
                               "1.2.3.37-53:allow,N=\"last\"\n"
                               "=.example.org:allow,N=\"domain\"\n"
                               "=:allow,N=\"named\"\n"
                               "fd99::/64:allow,N=\"six\"\n"
                               "[::1]:allow,N=\"loop\"\n"
                               "172.16.0.0/12:allow,N=\"cidr\"\n"
                               "127.:allow,N=\"again\"\n"
                               "5.5.5.0-254:deny,N=\"all of it\"\n"
                               "5.5.5.5:allow,N=\"one\"\n"
                               "5.5.6.6:allow,N=\"one\"\n"
                               "5.5.6.0-254:deny,N=\"all of it\"\n"
                               "6.1-2.:allow,N=\"both\"\n"
                               "6.2.:deny,N=\"second\"\n"
                               ":allow,N=\"everyone\"\n";

static void test_order(struct tap *t)
{
    static const struct {
        const char *address, *host, *info, *expected;
    } cases[] = {
        {"127.0.0.1", NULL, "joe", "N=joe"},
        {"127.0.0.1", NULL, "bill", "N=net"},
        {"127.0.0.1", NULL, NULL, "N=net"},
        {"9.9.9.9", "pc.example.org", "ann", "N=ann"},
        {"9.9.9.9", "PC.example.org", NULL, "N=name"},
        {"18.23.0.32", "pc.example.org", NULL, "N=host"},
        {"127.1.1.1", "pc.example.org", NULL, "N=name"},
        {"127.1.1.1", "x.example.org", NULL, "N=net"},
        {"9.9.9.9", "x.example.org", NULL, "N=domain"},
        {"9.9.9.9", "a.b.example.org", NULL, "N=domain"},
        {"9.9.9.9", "example.com", NULL, "N=named"},
        {"9.9.9.9", NULL, NULL, "N=everyone"},
        {"10.1.255.255", NULL, NULL, "N=everyone"},
        {"10.2.0.0", NULL, NULL, "N=range"},
        {"10.3.255.255", NULL, NULL, "N=range"},
        {"10.4.0.0", NULL, NULL, "N=everyone"},
        {"1.2.3.36", NULL, NULL, "N=everyone"},
        {"1.2.3.37", NULL, NULL, "N=last"},
        {"1.2.3.53", NULL, NULL, "N=last"},
        {"1.2.3.54", NULL, NULL, "N=everyone"},
        {"fd99::5", NULL, NULL, "N=six"},
        {"::1", NULL, NULL, "N=loop"},
        {"172.31.0.1", NULL, NULL, "N=cidr"},
        /* A range counts as its addresses, or networks, do: the first in the text holds. */
        {"5.5.5.5", NULL, NULL, "N=all of it"},
        {"5.5.6.6", NULL, NULL, "N=one"},
        {"6.2.9.9", NULL, NULL, "N=both"},
    };
    struct told told;
    struct rulebook *book = read_rules(examples, &told);

    tap_is(t, (int64_t)told.count, 0, "the examples have no fault (line %zu: %s)", told.first,
           told.text);
    if (!book)
        return;
    tap_ok(t, rulebook_asks_host(book) && rulebook_asks_info(book), "they ask for names");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct rule *rule;
        struct addr a;

        addr_parse(cases[i].address, &a);
        rule = rulebook_find(book, &a, cases[i].host, cases[i].info);
        tap_text(t, rule ? rule->env : "none", cases[i].expected, "%s (%s, %s)", cases[i].address,
                 cases[i].host ? cases[i].host : "-", cases[i].info ? cases[i].info : "-");
    }
    rulebook_free(book);
}

static void test_faults(struct tap *t)
{
    static const struct {
        const char *text;
        size_t line; /* of the fault; 0: there is none */
    } cases[] = {
        {"", 0},
        {":allow", 0},
        {":deny\n", 0},
        {"#:nonsense\n:allow", 0},
        {"1.2.3.4:allow,A=/x/,B=\"\"", 0},
        {"1.2.3.4:allow,A=\"a,b=c:deny\"", 0},
        {":allow\n1.2.3.4\n", 2},
        {"1.2.3:allow", 1},
        {"1.2.3.4.:allow", 1},
        {"1.2.3.4.5:allow", 1},
        {"1.2.3.256:allow", 1},
        {"1.2-3.4:allow", 1},
        {"1.2.3.9-3:allow", 1},
        {".1.2:allow", 1},
        {"pc1:allow", 1},
        {"@1.2.3.4:allow", 1},
        {"joe@pc1:allow", 1},
        {"joe@=:allow", 1},
        {"1.2.3.4:allowed", 1},
        {"1.2.3.4:allow A=\"x\"", 1},
        {"1.2.3.4:allow,A", 1},
        {"1.2.3.4:allow,=\"x\"", 1},
        {"1.2.3.4:allow,A=\"x", 1},
        {"1.2.3.4:allow,A=", 1},
        {"1.2.3.4:allow,A=\"x\"B=\"y\"", 1},
        {" 1.2.3.4:allow", 1},
        {"1.2.3.4 :allow", 1},
        {"10.0.0.1/8:allow", 1},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct told told;
        struct rulebook *book = read_rules(cases[i].text, &told);

        tap_is(t, (int64_t)told.first, (int64_t)cases[i].line, "case %zu: the line of its fault",
               i);
        tap_is(t, book != NULL, cases[i].line == 0, "case %zu: rules or none", i);
        rulebook_free(book);
    }
}

static void test_variables(struct tap *t)
{
    static const struct {
        const char *text;
        bool escapes;
        const char *a, *b; /* NULL: not set */
        bool fault;
    } cases[] = {
        {"", true, NULL, NULL, false},
        {"A=1", true, "1", NULL, false},
        {"A=1\nB=2", true, "1", "2", false},
        {"A=1\\nB=2", true, "1", "2", false},
        {"A=1\\nB=2", false, "1\\nB=2", NULL, false},
        {"A=1\n\n\nB=\n", true, "1", "", false},
        {"A=1=2", true, "1=2", NULL, false},
        {"A=1\nA=2", true, "2", NULL, false},
        {"AB=1\nA=2", true, "2", NULL, false},
        {"=1", true, NULL, NULL, true},
        {"A=1\nnonsense\nB=2", true, "1", NULL, true},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct variables v = {0};
        const char *fault = "", *a, *b;
        int err = variables_add_text(&v, cases[i].text, cases[i].escapes, &fault);

        a = variables_get(&v, "A");
        b = variables_get(&v, "B");
        tap_is(t, err != 0, cases[i].fault, "case %zu is faulty or not", i);
        tap_text(t, a ? a : "-", cases[i].a ? cases[i].a : "-", "case %zu: A", i);
        tap_text(t, b ? b : "-", cases[i].b ? cases[i].b : "-", "case %zu: B", i);
        variables_set(&v, "A", "9");
        variables_set(&v, "B", NULL);
        tap_text(t, variables_get(&v, "A"), "9", "case %zu: A is set", i);
        tap_ok(t, !variables_get(&v, "B"), "case %zu: B is not", i);
        variables_free(&v);
    }
}

int main(void)
{
    struct tap t = {0};

    test_order(&t);
    test_faults(&t);
    test_variables(&t);
    return tap_done(&t);
}
