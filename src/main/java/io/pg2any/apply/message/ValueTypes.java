package io.pg2any.apply.message;

import io.pg2any.apply.message.MessageOptions.Binaries;
import io.pg2any.apply.message.MessageOptions.Decimals;
import io.pg2any.apply.message.MessageOptions.Format;
import io.pg2any.apply.message.ScalarTypes.BinaryType;
import io.pg2any.apply.message.ScalarTypes.BitsType;
import io.pg2any.apply.message.ScalarTypes.BooleanType;
import io.pg2any.apply.message.ScalarTypes.DecimalType;
import io.pg2any.apply.message.ScalarTypes.FloatType;
import io.pg2any.apply.message.ScalarTypes.HstoreType;
import io.pg2any.apply.message.ScalarTypes.IntegerType;
import io.pg2any.apply.message.ScalarTypes.TextType;
import io.pg2any.apply.message.ScalarTypes.VariableScaleDecimalType;
import io.pg2any.change.Column;
import java.util.Map;

/**
 * Which value type a column has, after Debezium's PostgreSQL connector. What the stream does not tell (an enum's
 * values, a composite's fields), money and geometric values are text.
 */
final class ValueTypes {
    /** Array types by oid, and their elements'; {@code pg_type.dat}. */
    private static final Map<Integer, Integer> ELEMENTS = Map.ofEntries(
            Map.entry(1000, 16),
            Map.entry(1001, 17),
            Map.entry(1002, 18),
            Map.entry(1003, 19),
            Map.entry(1005, 21),
            Map.entry(1007, 23),
            Map.entry(1009, 25),
            Map.entry(1014, 1042),
            Map.entry(1015, 1043),
            Map.entry(1016, 20),
            Map.entry(1021, 700),
            Map.entry(1022, 701),
            Map.entry(1028, 26),
            Map.entry(1040, 829),
            Map.entry(1041, 869),
            Map.entry(651, 650),
            Map.entry(199, 114),
            Map.entry(3807, 3802),
            Map.entry(1115, 1114),
            Map.entry(1182, 1082),
            Map.entry(1183, 1083),
            Map.entry(1185, 1184),
            Map.entry(1187, 1186),
            Map.entry(1231, 1700),
            Map.entry(1270, 1266),
            Map.entry(2951, 2950),
            Map.entry(143, 142));

    private static final TextType TEXT = new TextType(ConnectSchema.of("string"));

    private final MessageOptions options;

    ValueTypes(MessageOptions options) {
        this.options = options;
    }

    ValueType of(Column column) {
        Integer element = ELEMENTS.get(column.typeOid());
        if (element != null) {
            return ArrayType.of(scalar(element, column.typeModifier()), !options.schemas());
        }
        return switch (column.typeName()) {
            case "" -> scalar(column.typeOid(), column.typeModifier());
            case "hstore" -> new HstoreType(ConnectSchema.named("string", "io.debezium.data.Json"));
            case "ltree" -> new TextType(ConnectSchema.named("string", "io.debezium.data.Ltree"));
            default -> domain(column);
        };
    }

    /** A domain comes with its base type's name, and an oid of its own. */
    private ValueType domain(Column column) {
        int modifier = column.typeModifier();
        return switch (column.typeName()) {
            case "bool" -> scalar(16, modifier);
            case "bytea" -> scalar(17, modifier);
            case "int8" -> scalar(20, modifier);
            case "int2" -> scalar(21, modifier);
            case "int4" -> scalar(23, modifier);
            case "oid" -> scalar(26, modifier);
            case "json" -> scalar(114, modifier);
            case "xml" -> scalar(142, modifier);
            case "float4" -> scalar(700, modifier);
            case "float8" -> scalar(701, modifier);
            case "date" -> scalar(1082, modifier);
            case "time" -> scalar(1083, modifier);
            case "timestamp" -> scalar(1114, modifier);
            case "timestamptz" -> scalar(1184, modifier);
            case "interval" -> scalar(1186, modifier);
            case "timetz" -> scalar(1266, modifier);
            case "numeric" -> scalar(1700, modifier);
            case "uuid" -> scalar(2950, modifier);
            case "jsonb" -> scalar(3802, modifier);
            default -> TEXT;
        };
    }

    private ValueType scalar(int oid, int modifier) {
        return switch (oid) {
            case 16 -> new BooleanType(ConnectSchema.of("boolean"));
            case 17 -> binary();
            case 20, 26 -> new IntegerType(ConnectSchema.of("int64"));
            case 21 -> new IntegerType(ConnectSchema.of("int16"));
            case 23 -> new IntegerType(ConnectSchema.of("int32"));
            case 114, 3802 -> semantic("io.debezium.data.Json");
            case 142 -> semantic("io.debezium.data.Xml");
            case 700 -> new FloatType(ConnectSchema.of("float"));
            case 701 -> new FloatType(ConnectSchema.of("double"));
            case 1082 -> plain() ? TemporalTypes.local() : TemporalTypes.date(options.times());
            case 1083 -> plain() ? TemporalTypes.local() : TemporalTypes.time(options.times(), precision(modifier));
            case 1114 ->
                plain() ? TemporalTypes.local() : TemporalTypes.timestamp(options.times(), precision(modifier));
            case 1184 -> TemporalTypes.zonedTimestamp();
            case 1186 -> plain() ? TEXT : TemporalTypes.interval(options.intervals());
            case 1266 -> plain() ? TEXT : TemporalTypes.zonedTime();
            case 1560, 1562 -> bits(modifier);
            case 1700 -> decimal(modifier);
            case 2950 -> semantic("io.debezium.data.Uuid");
            default -> TEXT;
        };
    }

    private boolean plain() {
        return options.format() == Format.PLAIN;
    }

    private static TextType semantic(String name) {
        return new TextType(ConnectSchema.named("string", name));
    }

    private ValueType binary() {
        Binaries mode = options.binaries();
        return new BinaryType(ConnectSchema.of(mode == Binaries.BYTES ? "bytes" : "string"), mode);
    }

    private ValueType bits(int length) {
        if (plain()) {
            return TEXT;
        }
        return length == 1
                ? new BooleanType(ConnectSchema.of("boolean"))
                : BitsType.of(length > 0 ? length : Integer.MAX_VALUE);
    }

    private ValueType decimal(int modifier) {
        if (options.decimals() == Decimals.DOUBLE) {
            return new FloatType(ConnectSchema.of("double"));
        }
        if (options.decimals() == Decimals.STRING || plain()) {
            return TEXT;
        }
        if (modifier < 4) {
            return VariableScaleDecimalType.INSTANCE;
        }
        int declared = modifier - 4;
        // Eleven bits with a sign, since PostgreSQL 15.
        int scale = ((declared & 0x7FF) ^ 0x400) - 0x400;
        return DecimalType.of(declared >> 16 & 0xFFFF, scale);
    }

    private static int precision(int modifier) {
        return modifier < 0 ? 6 : modifier;
    }
}
